(* The cost |w|^p of a weight, for any real p; it is 0 for the weight 0. *)

From Coq Require Import Reals Lra.
From Synbal Require Import finite_sums.
Open Scope R_scope.

Definition cost (p w : R) : R := if Req_EM_T w 0 then 0 else Rpower (Rabs w) p.

Lemma Rpower_pos : forall x p, 0 < Rpower x p.
Proof. intros. apply exp_pos. Qed.

Lemma cost_nonneg : forall p w, 0 <= cost p w.
Proof. intros p w. unfold cost. destruct (Req_EM_T w 0); [lra|left; apply Rpower_pos]. Qed.

Lemma cost_pos : forall p w, w <> 0 -> 0 < cost p w.
Proof. intros p w Hw. unfold cost. destruct (Req_EM_T w 0); [contradiction|apply Rpower_pos]. Qed.

Lemma cost_zero : forall p, cost p 0 = 0.
Proof. intros p. unfold cost. destruct (Req_EM_T 0 0); lra. Qed.

Lemma cost_multiple : forall p l w, 0 < l -> cost p (l * w) = Rpower l p * cost p w.
Proof.
  intros p l w Hl. unfold cost. destruct (Req_EM_T w 0) as [->|Hw].
  - rewrite Rmult_0_r. destruct (Req_EM_T 0 0); lra.
  - destruct (Req_EM_T (l * w) 0) as [H|H].
    + apply Rmult_integral in H. lra.
    + rewrite Rabs_mult, (Rabs_right l) by lra.
      rewrite <- Rpower_mult_distr; [reflexivity|exact Hl|apply Rabs_pos_lt; exact Hw].
Qed.

Lemma Rpower_inverse : forall l p, 0 < l -> Rpower (/ l) p = Rpower l (- p).
Proof.
  intros l p Hl. unfold Rpower. rewrite ln_Rinv by exact Hl. f_equal. ring.
Qed.

Lemma cost_quotient : forall p l w, 0 < l -> cost p (w / l) = Rpower l (- p) * cost p w.
Proof.
  intros p l w Hl. replace (w / l) with (/ l * w) by (unfold Rdiv; ring).
  rewrite cost_multiple by (apply Rinv_0_lt_compat; exact Hl).
  rewrite Rpower_inverse by exact Hl. reflexivity.
Qed.

(* For p = 2 and other even exponents this is the usual power. *)
Lemma cost_is_power : forall n w, cost (INR (S n)) w = Rabs w ^ S n.
Proof.
  intros n w. unfold cost. destruct (Req_EM_T w 0) as [->|Hw].
  - rewrite Rabs_R0. simpl. ring.
  - apply Rpower_pow. apply Rabs_pos_lt. exact Hw.
Qed.

(* The cost of several weights. *)
Definition total_cost (p : R) (n : nat) (w : nat -> R) : R := sum n (fun j => cost p (w j)).

Lemma total_cost_nonneg : forall p n w, 0 <= total_cost p n w.
Proof. intros. apply sum_nonneg. intros. apply cost_nonneg. Qed.

Lemma total_cost_multiple :
  forall p n w l, 0 < l -> total_cost p n (fun j => l * w j) = Rpower l p * total_cost p n w.
Proof.
  intros p n w l Hl. unfold total_cost. rewrite <- sum_scale. apply sum_ext.
  intros. apply cost_multiple. exact Hl.
Qed.

Lemma total_cost_quotient :
  forall p n w l, 0 < l -> total_cost p n (fun j => w j / l) = Rpower l (- p) * total_cost p n w.
Proof.
  intros p n w l Hl. unfold total_cost. rewrite <- sum_scale. apply sum_ext.
  intros. apply cost_quotient. exact Hl.
Qed.
