(* Multiplying a hidden unit's incoming weights (bias included) by λ > 0 and dividing its outgoing ones by λ (λ^c for a BiPU)
   leaves the input-output function as it is; in a recurrent network over any number of steps.

   Biases are weights from a source of value 1; a self-connection is incoming and outgoing. Stated for multipliers of all hidden units
   at once; `only_one_unit` is the case in which one unit is scaled. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks.
Open Scope R_scope.

(* What a network without cycles computes is the one assignment of values that agrees with every unit's formula. *)
Theorem forward_is_the_function :
  forall net x y, acyclic net ->
    (settled net x y <-> forall i, (i < units net)%nat -> y i = forward net x i).
Proof.
  intros net x y Hnet. assert (Hf := forward_settled net x Hnet). split.
  - intros Hy. apply (settled_unique net x); assumption.
  - intros H i Hi. rewrite (H i Hi), (Hf i Hi). apply step_ext. intros j Hj. symmetry. apply H. exact Hj.
Qed.

(* Every unit's value is multiplied by λ^c, and so those of visible units stay: over any number of steps from any initial state that
   is scaled with the units, and in one evaluation of a network without cycles. *)
Theorem scaling_invariance :
  forall net visible c L,
    admissible net visible c L ->
    (forall x initial t i,
       run (scaled c L net) x (fun j => Rpower (L j) (c j) * initial j) t i = Rpower (L i) (c i) * run net x initial t i) /\
    (forall x initial t i, visible i ->
       run (scaled c L net) x (fun j => Rpower (L j) (c j) * initial j) t i = run net x initial t i) /\
    (acyclic net ->
       acyclic (scaled c L net) /\
       forall x i, (i < units net)%nat ->
         forward (scaled c L net) x i = Rpower (L i) (c i) * forward net x i /\
         (visible i -> forward (scaled c L net) x i = forward net x i)).
Proof.
  intros net visible c L H. assert (Hone := proj1 (proj2 H)).
  assert (Hvisible : forall i, visible i -> forall y, Rpower (L i) (c i) * y = y).
  { intros i Hv y. rewrite (Hone i Hv), Rpower_one. ring. }
  split; [|split].
  - intros x initial. exact (run_scaled net visible c L x initial H).
  - intros x initial t i Hv. rewrite (run_scaled net visible c L x initial H). auto.
  - intros Hnet. split; [apply acyclic_scaled; exact Hnet|]. intros x i Hi.
    assert (Hvalue : forward (scaled c L net) x i = Rpower (L i) (c i) * forward net x i).
    { unfold forward. rewrite <- (run_scaled net visible c L (fun _ => x) (fun _ => 0) H (units net) i).
      apply run_initial_ext; [|exact Hi]. intros. ring. }
    split; [exact Hvalue|]. intros Hv. rewrite Hvalue. auto.
Qed.

(* One BiLU or BiPU i that is no source: its incoming weights times l, its outgoing ones divided by l^c; all other units count as
   visible. *)
Theorem only_one_unit :
  forall net i l d,
    0 < l -> source net i = false -> homogeneous d (activation net i) ->
    let c := fun _ => d in
    let after := scaled c (single i l) net in
    (forall j, j <> i -> weight after i j = l * weight net i j) /\
    (forall j, j <> i -> weight after j i = weight net j i / Rpower l d) /\
    weight after i i = Rpower l (1 - d) * weight net i i /\
    (forall j k, j <> i -> k <> i -> weight after j k = weight net j k) /\
    (forall x initial t j, j <> i ->
       run after x (fun k => Rpower (single i l k) d * initial k) t j = run net x initial t j) /\
    (acyclic net -> forall x j, (j < units net)%nat -> j <> i -> forward after x j = forward net x j).
Proof.
  intros net i l d Hl Hsource Hhom c after.
  assert (Hsame : single i l i = l) by (unfold single; rewrite Nat.eqb_refl; reflexivity).
  assert (Hother : forall j, j <> i -> single i l j = 1).
  { intros j Hj. unfold single. destruct (Nat.eqb_spec j i); [contradiction|reflexivity]. }
  assert (Hpower : 0 < Rpower l d) by apply exp_pos.
  assert (Hok : admissible net (fun j => j <> i) c (single i l)).
  { repeat split.
    - intros j. unfold single. destruct (Nat.eqb j i); lra.
    - exact Hother.
    - intros j Hj E. subst j. congruence.
    - intros j. destruct (Nat.eq_dec j i) as [->|Hj]; [right; exact Hhom|left; exact Hj]. }
  destruct (scaling_invariance net _ c _ Hok) as (_ & Hrun & Hforward).
  unfold after, c. simpl. unfold scaled_weight. repeat split.
  - intros j Hj. rewrite Hsame, (Hother j Hj), Rpower_one. field.
  - intros j Hj. rewrite Hsame, (Hother j Hj). field. lra.
  - rewrite Hsame. unfold Rminus. rewrite Rpower_plus, Rpower_Ropp, Rpower_1 by exact Hl. field. lra.
  - intros j k Hj Hk. rewrite (Hother j Hj), (Hother k Hk), Rpower_one. field.
  - intros x initial t j Hj. apply (Hrun x initial t j Hj).
  - intros Hnet x j Hj Hne. destruct (Hforward Hnet) as (_ & H). apply (proj2 (H x j Hj)). exact Hne.
Qed.
