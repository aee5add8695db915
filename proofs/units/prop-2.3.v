(* f(λx) = λ^c f(x) for all λ > 0 if and only if f is C x^c above 0 and a multiple of x^c below.

   Corrected: f(λx) = λ^c f(x) for all λ > 0 if and only if f(x) = C x^c for x > 0 and D |x|^c for x < 0, with f(0) = 0 for
   c != 0 and any f(0) for c = 0 (E3).

   The exponent c is any real number. *)

From Coq Require Import Reals Lra.
From Synbal Require Import activations.
Open Scope R_scope.

Lemma Rpower_at_one : forall c, Rpower 1 c = 1.
Proof. intros c. unfold Rpower. rewrite ln_1, Rmult_0_r. apply exp_0. Qed.

Lemma Rpower_two_not_one : forall c, c <> 0 -> Rpower 2 c <> 1.
Proof.
  intros c Hc H. unfold Rpower in H. rewrite <- exp_0 in H. apply exp_inv in H.
  assert (0 < ln 2) by (rewrite <- ln_1; apply ln_increasing; lra).
  apply Rmult_integral in H. lra.
Qed.

Theorem prop_2_3 : forall (c : R) (f : R -> R), homogeneous c f <-> is_bipu c f.
Proof.
  intros c f. split.
  - intros H. exists (f 1), (f (-1)). repeat split.
    + intros x Hx. replace x with (x * 1) at 1 by ring. rewrite H by exact Hx. ring.
    + intros x Hx. rewrite Rabs_left by exact Hx.
      replace x with (- x * -1) at 1 by ring. rewrite H by lra. ring.
    + intros Hc. assert (Hz := H 2 0 ltac:(lra)). rewrite Rmult_0_r in Hz.
      assert (Hp := Rpower_two_not_one c Hc).
      assert ((Rpower 2 c - 1) * f 0 = 0) as Hm by lra.
      apply Rmult_integral in Hm. destruct Hm; [lra|assumption].
  - intros (C & D & Hpos & Hneg & Hzero) l x Hl.
    destruct (Rtotal_order x 0) as [Hx|[->|Hx]].
    + assert (l * x < 0) by (rewrite <- (Rmult_0_r l); apply Rmult_lt_compat_l; assumption).
      rewrite !Hneg by assumption.
      rewrite Rabs_mult, (Rabs_right l) by lra.
      rewrite <- Rpower_mult_distr; [ring|exact Hl|]. apply Rabs_pos_lt. lra.
    + rewrite Rmult_0_r. destruct (Req_dec c 0) as [->|Hc].
      * rewrite Rpower_O by exact Hl. ring.
      * rewrite Hzero by exact Hc. ring.
    + assert (0 < l * x) by (apply Rmult_lt_0_compat; assumption).
      rewrite !Hpos by assumption.
      rewrite <- Rpower_mult_distr by assumption. ring.
Qed.

(* For c = 0 any value at 0 satisfies the identity. *)
Theorem degree_zero_leaves_zero_free :
  forall C D v : R,
    homogeneous 0 (fun x => if Rlt_dec 0 x then C else if Rlt_dec x 0 then D else v).
Proof.
  intros C D v. apply prop_2_3. exists C, D. repeat split.
  - intros x Hx. rewrite Rpower_O by exact Hx. destruct (Rlt_dec 0 x); lra.
  - intros x Hx. rewrite Rpower_O by (apply Rabs_pos_lt; lra).
    destruct (Rlt_dec 0 x); [lra|]. destruct (Rlt_dec x 0); lra.
  - intros H. lra.
Qed.

(* c = 1 is BiLU. *)
Theorem degree_one_is_bilu : forall f : R -> R, is_bipu 1 f <-> is_bilu f.
Proof.
  intros f. split.
  - intros (C & D & Hpos & Hneg & Hzero). exists (- D), C. intros x. unfold bilu.
    destruct (Rlt_dec x 0) as [Hx|Hx].
    + rewrite Hneg by exact Hx. rewrite Rpower_1 by (apply Rabs_pos_lt; lra).
      rewrite Rabs_left by exact Hx. ring.
    + destruct (Req_dec x 0) as [->|Hne]; [rewrite Hzero; lra|].
      rewrite Hpos by lra. rewrite Rpower_1 by lra. ring.
  - intros (a & b & Hf). exists b, (- a). repeat split.
    + intros x Hx. rewrite Hf, Rpower_1 by exact Hx. unfold bilu. destruct (Rlt_dec x 0); lra.
    + intros x Hx. rewrite Hf, Rpower_1 by (apply Rabs_pos_lt; lra).
      rewrite Rabs_left by exact Hx. unfold bilu. destruct (Rlt_dec x 0); lra.
    + intros _. rewrite Hf. unfold bilu. destruct (Rlt_dec 0 0); lra.
Qed.
