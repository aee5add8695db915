(* L comes from multipliers Λ, 1 on visible units, if and only if Σ L = 0 along every directed input-output path and every directed
   cycle.

   Corrected: If every synapse lies on a walk between visible units, L comes from multipliers if and only if Σ L = 0 along every
   directed path between visible units (inputs, biases, outputs, units that are not homogeneous) and every directed cycle. Exactly:
   the sums decide if and only if the synapses on no directed cycle of the coalesced graph form a forest once its strongly connected
   components are contracted. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require Import walks.
Import ListNotations.
Open Scope R_scope.

(* `L u v` on the synapse from u to v is log (Λ v / Λ u). *)
Definition from_multipliers (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R) : Prop :=
  exists M : nat -> R,
    (forall i, 0 < M i) /\ (forall i, visible i -> M i = 1) /\ (forall u v, synapse u v -> L u v = ln (M v / M u)).

Lemma from_multipliers_self_consistent :
  forall (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    from_multipliers synapse visible L <-> self_consistent synapse visible L.
Proof.
  intros synapse visible L. split.
  - intros (M & Hpos & Hone & HL). exists (fun i => ln (M i)). split.
    + intros i Hi. rewrite (Hone i Hi). apply ln_1.
    + intros u v Huv. rewrite (HL u v Huv). unfold Rdiv.
      rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; apply Hpos). ring.
  - intros (x & Hzero & Hx). exists (fun i => exp (x i)). split; [intros; apply exp_pos|]. split.
    + intros i Hi. rewrite (Hzero i Hi). apply exp_0.
    + intros u v Huv. rewrite (Hx u v Huv). unfold Rdiv.
      rewrite ln_mult, ln_Rinv, !ln_exp by (try apply Rinv_0_lt_compat; apply exp_pos). ring.
Qed.

(* In a network of n units. Only one direction needs the hypothesis that every synapse lies on a walk between visible units. *)
Theorem prop_5_4 :
  forall (n : nat) (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    on_walks synapse visible ->
    (from_multipliers synapse visible L <-> sums_vanish synapse visible L).
Proof.
  intros n synapse visible L Hbound Hvisible Hon. rewrite from_multipliers_self_consistent. split.
  - apply self_consistent_sums_vanish.
  - apply sums_vanish_self_consistent with n; assumption.
Qed.

Theorem multipliers_make_sums_vanish :
  forall (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    from_multipliers synapse visible L -> sums_vanish synapse visible L.
Proof.
  intros synapse visible L H. apply self_consistent_sums_vanish. apply from_multipliers_self_consistent. exact H.
Qed.
