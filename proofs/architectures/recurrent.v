(* Scaling and balancing apply to recurrent networks: the outputs at every step stay as they are, and balancing converges as it does
   without cycles.

   The first part is proved here; convergence is thm_5_1, which asks nothing of cycles. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks scaling_invariance.
Open Scope R_scope.

(* For any weights, self-connections included, and any degrees: the same outputs at every step. A self-connection of a unit of degree 1
   keeps its weight. *)
Theorem recurrent :
  forall net visible c L,
    admissible net visible c L ->
    (forall x initial t i, visible i ->
       run (scaled c L net) x (fun j => Rpower (L j) (c j) * initial j) t i = run net x initial t i) /\
    (forall i, c i = 1 -> weight (scaled c L net) i i = weight net i i).
Proof.
  intros net visible c L Hok. split; [apply scaling_invariance; exact Hok|].
  intros i Hc. assert (Hpos := proj1 Hok i). simpl. unfold scaled_weight. rewrite Hc, Rpower_1 by exact Hpos. field. lra.
Qed.
