(* Gradients of functions of the weights w 0, ..., w (n - 1), and the Euler identity of a function that scaling leaves unchanged. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums calculus.
Open Scope R_scope.

(* E is differentiable at w, with the partial derivatives g. *)
Definition gradient (n : nat) (E : (nat -> R) -> R) (w g : nat -> R) : Prop :=
  forall e, 0 < e -> exists d, 0 < d /\
    forall u, (forall k, (k < n)%nat -> Rabs (u k - w k) < d) ->
      Rabs (E u - E w - sum n (fun k => g k * (u k - w k))) <= e * sum n (fun k => Rabs (u k - w k)).

Lemma finite_radius :
  forall n (P : nat -> R -> Prop),
    (forall k d d', P k d -> 0 < d' <= d -> P k d') ->
    (forall k, (k < n)%nat -> exists d, 0 < d /\ P k d) ->
    exists d, 0 < d /\ forall k, (k < n)%nat -> P k d.
Proof.
  intros n P Hmono. induction n as [|n IH]; intros H; [exists 1; split; [lra|intros; lia]|].
  destruct IH as (a & Ha & HPa); [intros; apply H; lia|]. destruct (H n) as (b & Hb & HPb); [lia|].
  assert (Hmin : 0 < Rmin a b) by (apply Rmin_pos; assumption).
  exists (Rmin a b). split; [exact Hmin|]. intros k Hk.
  destruct (Nat.eq_dec k n) as [->|Hne].
  - apply Hmono with b; [exact HPb|]. split; [exact Hmin|apply Rmin_r].
  - apply Hmono with a; [apply HPa; lia|]. split; [exact Hmin|apply Rmin_l].
Qed.

(* Along a curve on which E is constant the directional derivative is 0. *)
Lemma constant_along_curve :
  forall n E w g (curve : R -> nat -> R) (velocity : nat -> R),
    gradient n E w g ->
    (forall k, (k < n)%nat -> curve 1 k = w k) ->
    (forall k, (k < n)%nat -> derivable_pt_lim (fun l => curve l k) 1 (velocity k)) ->
    (forall l, 0 < l -> E (curve l) = E w) ->
    sum n (fun k => g k * velocity k) = 0.
Proof.
  intros n E w g curve velocity Hgradient Hstart Hvelocity Hconstant.
  set (moved := fun l => sum n (fun k => g k * (curve l k - w k))).
  assert (Hmoved : derivable_pt_lim moved 1 (sum n (fun k => g k * velocity k))).
  { apply (derivative_of_sum n (fun k l => g k * (curve l k - w k))). intros k Hk.
    apply derivable_pt_lim_scal. replace (velocity k) with (velocity k - 0) by ring.
    apply (derivable_pt_lim_minus (fun l => curve l k) (fct_cte (w k)));
      [apply Hvelocity; exact Hk|apply derivable_pt_lim_const]. }
  apply (uniqueness_limite moved 1); [exact Hmoved|].
  (* The curve moves by at most (|velocity| + 1) |h|. *)
  destruct (finite_radius n (fun k d => forall h, h <> 0 -> Rabs h < d ->
    Rabs (curve (1 + h) k - w k) <= (Rabs (velocity k) + 1) * Rabs h)) as (r & Hr & Hbound).
  { intros k d d' H Hd h Hh Hlt. apply H; [exact Hh|lra]. }
  { intros k Hk. destruct (Hvelocity k Hk 1 ltac:(lra)) as ((d & Hd) & H). simpl in H.
    exists d. split; [exact Hd|]. intros h Hh Hlt. specialize (H h Hh Hlt). rewrite Hstart in H by exact Hk.
    assert (Habs := Rabs_pos_lt h Hh).
    replace (curve (1 + h) k - w k) with (((curve (1 + h) k - w k) / h - velocity k + velocity k) * h) by (field; exact Hh).
    rewrite Rabs_mult. apply Rmult_le_compat_r; [lra|].
    apply Rle_trans with (1 := Rabs_triang _ _). lra. }
  set (M := sum n (fun k => Rabs (velocity k) + 1)).
  assert (HM : 0 <= M) by (apply sum_nonneg; intros i _; assert (Hi := Rabs_pos (velocity i)); lra).
  intros e He.
  destruct (Hgradient (e / (2 * (M + 1)))) as (d & Hd & Hclose); [apply Rdiv_lt_0_compat; lra|].
  set (radius := Rmin (1 / 2) (Rmin r (d / (M + 1)))).
  assert (Hradius : 0 < radius).
  { apply Rmin_pos; [lra|]. apply Rmin_pos; [exact Hr|apply Rdiv_lt_0_compat; lra]. }
  exists (mkposreal radius Hradius). simpl. intros h Hh Hlt.
  assert (Hlt1 : Rabs h < 1 / 2) by (apply Rlt_le_trans with (1 := Hlt); apply Rmin_l).
  assert (Hltr : Rabs h < r).
  { apply Rlt_le_trans with (1 := Hlt). apply Rle_trans with (1 := Rmin_r _ _). apply Rmin_l. }
  assert (Hltd : Rabs h < d / (M + 1)).
  { apply Rlt_le_trans with (1 := Hlt). apply Rle_trans with (1 := Rmin_r _ _). apply Rmin_r. }
  assert (Hpos : 0 < Rabs h) by (apply Rabs_pos_lt; exact Hh).
  assert (Hone : 0 < 1 + h) by (unfold Rabs in Hlt1; destruct (Rcase_abs h); lra).
  assert (Htotal : sum n (fun k => Rabs (curve (1 + h) k - w k)) <= M * Rabs h).
  { unfold M. rewrite <- sum_scale_r. apply sum_le. intros k Hk. apply Hbound; assumption. }
  assert (Hsmall : forall k, (k < n)%nat -> Rabs (curve (1 + h) k - w k) < d).
  { intros k Hk. apply Rle_lt_trans with (M * Rabs h).
    - apply Rle_trans with (2 := Htotal).
      apply (sum_term_le n (fun k => Rabs (curve (1 + h) k - w k))); [intros; apply Rabs_pos|exact Hk].
    - apply Rle_lt_trans with ((M + 1) * Rabs h); [nra|].
      apply (Rmult_lt_compat_l (M + 1)) in Hltd; [|lra].
      replace ((M + 1) * (d / (M + 1))) with d in Hltd by (field; lra). exact Hltd. }
  specialize (Hclose (curve (1 + h)) Hsmall). rewrite (Hconstant (1 + h) Hone) in Hclose.
  replace (E w - E w - sum n (fun k => g k * (curve (1 + h) k - w k))) with (- moved (1 + h)) in Hclose
    by (unfold moved; ring).
  rewrite Rabs_Ropp in Hclose.
  assert (Hzero : moved 1 = 0).
  { apply sum_zero. intros k Hk. rewrite Hstart by exact Hk. ring. }
  rewrite Hzero, !Rminus_0_r. unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
  apply (Rmult_lt_reg_r (Rabs h)); [exact Hpos|]. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rle_lt_trans with (1 := Hclose).
  apply Rle_lt_trans with (e / (2 * (M + 1)) * ((M + 1) * Rabs h)).
  - apply Rmult_le_compat_l; [left; apply Rdiv_lt_0_compat; lra|]. nra.
  - replace (e / (2 * (M + 1)) * ((M + 1) * Rabs h)) with (e * Rabs h / 2) by (field; lra). nra.
Qed.

(* Every weight w k is multiplied by l^(s k). If that changes nothing, Σ s w ∂E/∂w = 0. *)
Lemma euler :
  forall n E w g (s : nat -> R),
    gradient n E w g ->
    (forall l, 0 < l -> E (fun k => Rpower l (s k) * w k) = E w) ->
    sum n (fun k => s k * (w k * g k)) = 0.
Proof.
  intros n E w g s Hgradient Hsame.
  rewrite <- (constant_along_curve n E w g (fun l k => Rpower l (s k) * w k) (fun k => s k * w k) Hgradient).
  - apply sum_ext. intros. ring.
  - intros k _. unfold Rpower. rewrite ln_1, Rmult_0_r, exp_0. ring.
  - intros k _. assert (H := derivable_pt_lim_power 1 (s k) ltac:(lra)).
    assert (Hone : Rpower 1 (s k - 1) = 1) by (unfold Rpower; rewrite ln_1, Rmult_0_r; apply exp_0).
    rewrite Hone, Rmult_1_r in H.
    apply (derivable_pt_lim_scal_right (fun l => Rpower l (s k))). exact H.
  - exact Hsame.
Qed.
