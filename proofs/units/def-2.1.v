(* A BiLU is f(x) = a x for x < 0 and b x for x >= 0. Linear (a = b), ReLU (0, 1), leaky and parametric ReLU (s, 1) and the
   absolute value (-1, 1) are BiLUs. *)

From Coq Require Import Reals Lra.
From Synbal Require Import activations.
Open Scope R_scope.

Theorem def_2_1 :
  forall a b : R,
    (forall x, x < 0 -> bilu a b x = a * x) /\
    (forall x, 0 <= x -> bilu a b x = b * x) /\
    (forall x, bilu a a x = a * x) /\
    (forall x, bilu 0 1 x = Rmax 0 x) /\
    (forall s x, bilu s 1 x = Rmax 0 x + s * Rmin 0 x) /\
    (forall x, bilu (-1) 1 x = Rabs x).
Proof.
  intros a b. unfold bilu, Rabs, Rmax, Rmin. repeat split.
  - intros x Hx. destruct (Rlt_dec x 0); lra.
  - intros x Hx. destruct (Rlt_dec x 0); lra.
  - intros x. destruct (Rlt_dec x 0); lra.
  - intros x. destruct (Rlt_dec x 0), (Rle_dec 0 x); lra.
  - intros s x. destruct (Rlt_dec x 0), (Rle_dec 0 x); lra.
  - intros x. destruct (Rlt_dec x 0), (Rcase_abs x); lra.
Qed.
