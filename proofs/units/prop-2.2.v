(* f(λx) = λ f(x) for all λ > 0 and all x if and only if f is a BiLU. *)

From Coq Require Import Reals Lra.
From Synbal Require Import activations.
Open Scope R_scope.

Theorem prop_2_2 :
  forall f : R -> R, (forall l x, 0 < l -> f (l * x) = l * f x) <-> is_bilu f.
Proof.
  intros f. split.
  - intros H. exists (- f (-1)), (f 1). intros x. unfold bilu.
    destruct (Rlt_dec x 0) as [Hx|Hx].
    + replace x with (- x * -1) at 1 by ring. rewrite H by lra. ring.
    + destruct (Req_dec x 0) as [->|Hne].
      * assert (Hz := H 2 0 ltac:(lra)). rewrite Rmult_0_r in Hz. lra.
      * replace x with (x * 1) at 1 by ring. rewrite H by lra. ring.
  - intros (a & b & Hf) l x Hl. rewrite !Hf. apply bilu_homogeneous. exact Hl.
Qed.

