(* If f(g x) = h f(x) for all x with h != 0, multiplying a unit's inputs by g and dividing its outputs by h does not change what
   its readers receive. *)

From Coq Require Import Reals Lra.
From Synbal Require Import finite_sums.
Open Scope R_scope.

(* The unit reads x_0, ..., x_(n-1) through the weights w; a reader receives its value through the weight v. *)
Theorem generalised_scaling :
  forall (f : R -> R) (g h : R) (n : nat) (w x : nat -> R) (v : R),
    (forall t, f (g * t) = h * f t) ->
    h <> 0 ->
    v / h * f (sum n (fun j => g * w j * x j)) = v * f (sum n (fun j => w j * x j)).
Proof.
  intros f g h n w x v H Hh.
  rewrite (sum_ext n _ (fun j => g * (w j * x j))) by (intros; ring).
  rewrite sum_scale, H. field. exact Hh.
Qed.
