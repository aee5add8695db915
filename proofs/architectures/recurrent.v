(* Scaling and balancing apply to recurrent networks: the outputs at every step stay as they are, and balancing converges as it does
   without cycles. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require balancing_problem cycles convergence network_balancing power_costs.
From Synbal Require Import finite_sums activations networks scaling_invariance learning.
Import ListNotations.
Open Scope R_scope.

(* Scaling: the same outputs at every step, for any weights, self-connections included, and any degrees. A self-connection of a unit of
   degree 1 keeps its weight. *)
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

(* Balancing: the BiLUs `units` of any network, by the algorithm under L_p in any order that visits each of them again and again. If
   synapses of non-zero weight join each of them to the ground, and all of these lie on cycles of the coalesced graph, cost never rises,
   the weights converge, whatever the order, to those of least cost among all scalings, which are balanced, and from initial values that
   are scaled along the outputs never change. *)
Theorem balancing_of_a_network_converges :
  forall n is_source act m from to (units : list nat) p w,
    0 < p -> NoDup units -> (forall i, In i units -> is_source i = false /\ is_bilu (act i)) ->
    balancing_problem.all_grounded (network_balancing.flat m from to units p w) ->
    cycles.all_on_cycles (network_balancing.flat m from to units p w) ->
    let cost := network_balancing.total_cost m p in
    exists best : nat -> R,
      (exists L, network_balancing.admissible_multipliers units L /\
         forall k, best k = scaled_weights from to L w k) /\
      (forall i, In i units ->
         network_balancing.incoming_cost m from to p best i = network_balancing.outgoing_cost m from to p best i) /\
      (forall L, network_balancing.admissible_multipliers units L ->
         cost best <= cost (scaled_weights from to L w)) /\
      forall order, convergence.fair units order ->
        let weights := network_balancing.balancing m from to p order w in
        (forall t, cost (weights (S t)) <= cost (weights t)) /\
        (forall k, Un_cv (fun t => weights t k) (best k)) /\
        (forall t, exists L, forall x initial s i, (i < n)%nat -> ~ In i units ->
           run (net n is_source act m from to (weights t)) x (fun j => L j * initial j) s i =
           run (net n is_source act m from to w) x initial s i).
Proof.
  intros n is_source act m from to units p w Hp Hnodup Hunits Hg Hcycles cost.
  destruct (network_balancing.network_balancing_converges m from to units p Hp w Hnodup Hg Hcycles)
    as (best & Hscaling & Hbalanced & Hleast & Horder).
  exists best. split; [exact Hscaling|]. split; [exact Hbalanced|]. split; [exact Hleast|].
  intros order Hfair weights. destruct (Horder order Hfair) as (Hfall & Hconverge & Hmultipliers).
  split; [exact Hfall|]. split; [exact Hconverge|].
  intros t. destruct (Hmultipliers t) as (L & (Hpos & Hone) & Heq). exists L. intros x initial s i Hi Hout.
  set (original := net n is_source act m from to w).
  assert (Hok : admissible original (fun i => ~ In i units) (fun _ => 1) L).
  { repeat split; auto.
    - intros j Hj Hin. simpl in Hj. destruct (Hunits j Hin). congruence.
    - intros j. destruct (in_dec Nat.eq_dec j units) as [Hin|]; [right|left; assumption].
      apply bilu_degree_one. apply Hunits. exact Hin. }
  rewrite <- (proj1 (recurrent original _ _ L Hok) x initial s i Hout).
  transitivity (run (scaled (fun _ => 1) L original) x (fun j => L j * initial j) s i).
  - apply (run_weight_ext n is_source); [|exact Hi]. intros a b _ _.
    transitivity (weight (net n is_source act m from to (scaled_weights from to L w)) a b).
    + apply sum_ext. intros k _. rewrite <- Heq. reflexivity.
    + rewrite net_of_scaled_weights. unfold scaled_weight. rewrite Rpower_1 by apply Hpos. reflexivity.
  - apply run_initial_pointwise. intros j. rewrite Rpower_1 by apply Hpos. reflexivity.
Qed.

(* The hypotheses can be met: x -> a -> y with weights 4 and 1, a ReLU, under L_2; and what follows then. *)
Theorem hypotheses_are_met :
  let from (k : nat) := k in
  let w k := match k with O => 4 | _ => 1 end in
  let P := network_balancing.flat 2 from S [1%nat] 2 w in
  balancing_problem.all_grounded P /\ cycles.all_on_cycles P /\
  exists best : nat -> R,
    (forall i, In i [1%nat] ->
       network_balancing.incoming_cost 2 from S 2 best i = network_balancing.outgoing_cost 2 from S 2 best i) /\
    forall order, convergence.fair [1%nat] order ->
      forall k, Un_cv (fun t => network_balancing.balancing 2 from S 2 order w t k) (best k).
Proof.
  intros from w P.
  assert (Hpos : forall k, 0 < power_costs.cost 2 (w k)) by (intros [|k]; apply power_costs.cost_pos; simpl; lra).
  assert (I0 : In (balancing_problem.Term 0 1 (power_costs.cost 2 (w 0%nat)) 1 1) (balancing_problem.terms P)) by (left; reflexivity).
  assert (I1 : In (balancing_problem.Term 1 2 (power_costs.cost 2 (w 1%nat)) 1 1) (balancing_problem.terms P)) by (right; left; reflexivity).
  assert (V0 : ~ In 0%nat (balancing_problem.hidden P)) by (simpl; lia).
  assert (V2 : ~ In 2%nat (balancing_problem.hidden P)) by (simpl; lia).
  assert (Hg : balancing_problem.all_grounded P).
  { intros i [<-|[]]. apply balancing_problem.grounded_joined with 0%nat; [|apply balancing_problem.grounded_visible; exact V0].
    eexists. split; [exact I0|]. split; [apply (Hpos 0%nat)|]. right. auto. }
  assert (Hc : cycles.all_on_cycles P).
  { intros e [<-|[<-|[]]] _; unfold cycles.on_cycle; simpl.
    - apply (cycles.path_term P _ 0%nat I1); [apply (Hpos 1%nat)|]. simpl. apply cycles.path_ground with 0%nat; auto. apply cycles.path_here.
    - apply cycles.path_ground with 0%nat; auto. apply (cycles.path_term P _ 1%nat I0); [apply (Hpos 0%nat)|]. apply cycles.path_here. }
  split; [exact Hg|]. split; [exact Hc|].
  destruct (balancing_of_a_network_converges 3 (fun i => Nat.eqb i 0) (fun i x => if Nat.eqb i 1 then bilu 0 1 x else x)
    2 from S [1%nat] 2 w) as (best & _ & Hb & _ & Hrun); auto; try lra.
  - repeat constructor. simpl. tauto.
  - intros i [<-|[]]. split; [reflexivity|]. exists 0, 1. reflexivity.
  - exists best. split; [exact Hb|]. intros order Hfair. apply (Hrun order Hfair).
Qed.
