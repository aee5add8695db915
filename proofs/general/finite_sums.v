(* Sums over the units 0, ..., n-1. *)

From Coq Require Import Reals Lra Lia.
Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S m => sum m f + f m
  end.

Lemma sum_ext : forall n f g, (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n as [|n IH]; intros f g H; simpl; [reflexivity|].
  rewrite (IH f g), (H n); auto.
Qed.

Lemma sum_zero : forall n f, (forall i, (i < n)%nat -> f i = 0) -> sum n f = 0.
Proof.
  induction n as [|n IH]; intros f H; simpl; [reflexivity|].
  rewrite (IH f), (H n); auto; lra.
Qed.

Lemma sum_plus : forall n f g, sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n as [|n IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_minus : forall n f g, sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n as [|n IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_scale : forall n k f, sum n (fun i => k * f i) = k * sum n f.
Proof. induction n as [|n IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_scale_r : forall n k f, sum n (fun i => f i * k) = sum n f * k.
Proof. induction n as [|n IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_le : forall n f g, (forall i, (i < n)%nat -> f i <= g i) -> sum n f <= sum n g.
Proof.
  induction n as [|n IH]; intros f g H; simpl; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_nonneg : forall n f, (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof.
  intros n f H. rewrite <- (sum_zero n (fun _ => 0)) by auto. apply sum_le; exact H.
Qed.

Lemma sum_term_le :
  forall n f k, (forall i, (i < n)%nat -> 0 <= f i) -> (k < n)%nat -> f k <= sum n f.
Proof.
  induction n as [|n IH]; intros f k H Hk; [lia|].
  simpl. assert (0 <= f n) by auto.
  destruct (Nat.eq_dec k n) as [->|Hne].
  - assert (0 <= sum n f) by (apply sum_nonneg; auto). lra.
  - assert (f k <= sum n f) by (apply IH; auto; lia). lra.
Qed.

Lemma sum_lt :
  forall n f g k,
    (forall i, (i < n)%nat -> f i <= g i) -> (k < n)%nat -> f k < g k -> sum n f < sum n g.
Proof.
  induction n as [|n IH]; intros f g k H Hk Hlt; [lia|].
  simpl. destruct (Nat.eq_dec k n) as [->|Hne].
  - assert (sum n f <= sum n g) by (apply sum_le; auto). lra.
  - assert (sum n f < sum n g) by (apply (IH f g k); auto; lia).
    assert (f n <= g n) by auto. lra.
Qed.

Lemma sum_single :
  forall n f k, (k < n)%nat -> (forall i, (i < n)%nat -> i <> k -> f i = 0) -> sum n f = f k.
Proof.
  induction n as [|n IH]; intros f k Hk H; [lia|].
  simpl. destruct (Nat.eq_dec k n) as [->|Hne].
  - rewrite (sum_zero n f); [lra|]. intros i Hi. apply H; lia.
  - rewrite (IH f k), (H n); auto; try lia; lra.
Qed.

Lemma sum_swap :
  forall n m f, sum n (fun i => sum m (fun j => f i j)) = sum m (fun j => sum n (fun i => f i j)).
Proof.
  induction n as [|n IH]; intros m f; simpl.
  - symmetry. apply sum_zero; auto.
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

(* Whether a sum of nonnegative terms is 0 is decided by its terms. *)
Lemma sum_nonneg_zero :
  forall n f, (forall i, (i < n)%nat -> 0 <= f i) -> sum n f = 0 -> forall i, (i < n)%nat -> f i = 0.
Proof.
  intros n f H Hz i Hi. assert (f i <= sum n f) by (apply sum_term_le; auto).
  assert (0 <= f i) by auto. lra.
Qed.
