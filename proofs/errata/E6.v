(* Stochastic balancing converges to unique weights W*, with unique L and Λ, from any initial weights.

   Corrected: A step needs A, B > 0, and W* exists iff every non-zero synapse lies on a directed cycle of the coalesced graph. Then W*
   is unique, L on non-zero synapses, Λ on components that non-zero synapses join to a visible unit.

   The correction is existence, balanced_weights_are_unique and thm_5_1. Here: how it fails as printed, in networks of costs under L_p. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require Import balancing_problem convexity minima existence.
Import ListNotations.
Open Scope R_scope.

Definition synapse (from to : nat) (c : R) : term := Term from to c 1 1.

(* a and b are 0 and 1; unit 2 is visible. *)
Definition alone : problem := Problem [0%nat] [synapse 2 0 1].
Definition fed_loop (c : R) : problem := Problem [0%nat; 1%nat] [synapse 2 0 c; synapse 0 1 1; synapse 1 0 1].

Definition same (m : R) (i : nat) : R := match i with 0%nat | 1%nat => m | _ => 1 end.

Lemma cost_of_synapse : forall mu from to c, 0 < mu from -> 0 < mu to ->
  cost_at mu (synapse from to c) = c * (mu to / mu from).
Proof. intros mu from to c H1 H2. unfold cost_at. simpl. rewrite !Rpower_1 by assumption. reflexivity. Qed.

Theorem E6 :
  (* x -> a alone: nothing goes out of a, so that no step is defined, and no minimum attained. *)
  (forall mu, multipliers alone mu -> output_cost alone mu 0 = 0) /\ ~ attained alone /\
  (* x -> a, a <-> b with costs 3, 1, 1: both steps are defined everywhere, and no minimum is attained. *)
  (forall mu i, multipliers (fed_loop 3) mu -> In i [0%nat; 1%nat] ->
     0 < input_cost (fed_loop 3) mu i /\ 0 < output_cost (fed_loop 3) mu i) /\
  ~ attained (fed_loop 3) /\
  (* With cost 0 of x -> a: all equal multipliers of a and b balance, so that neither the multipliers nor what they do to x -> a are unique. *)
  (forall m, 0 < m -> balanced (fed_loop 0) (same m)).
Proof.
  assert (Hfall : forall P c, 0 < c -> incl [0%nat] (hidden P) -> incl (hidden P) [0%nat; 1%nat] ->
    well_formed P -> In (synapse 2 0 c) (terms P) ->
    (forall e, In e (terms P) -> slope (fun i => match i with 0%nat | 1%nat => -1 | _ => 0 end) e <= 0) ->
    (In 1%nat (hidden P)) -> ~ attained P).
  { intros P c Hc Hin0 Hincl Hwf Hin Hs H1. apply not_attained_certificate with (fun i => match i with 0%nat | 1%nat => -1 | _ => 0 end).
    - exact Hwf.
    - split; [|intros; auto]. intros [|[|i]] Hi; [|contradiction|reflexivity].
      exfalso. apply Hi. apply Hin0. left. reflexivity.
    - exists (synapse 2 0 c). repeat split; [exact Hin|exact Hc|]. unfold slope. simpl. lra. }
  repeat split.
  - intros mu _. unfold output_cost. simpl. ring.
  - apply not_attained_certificate with (fun i => match i with 0%nat => -1 | _ => 0 end).
    + split; [repeat constructor; simpl; tauto|]. intros e [<-|[]]. unfold well_formed_term. simpl. lra.
    + split.
      * intros [|i] Hi; [exfalso; apply Hi; left; reflexivity|reflexivity].
      * intros e [<-|[]] _. unfold slope. simpl. lra.
    + exists (synapse 2 0 1). repeat split; [left; reflexivity|simpl; lra|unfold slope; simpl; lra].
  - destruct H as (Hpos & _). unfold input_cost. simpl sum_over. unfold enters. simpl.
    rewrite !cost_of_synapse by apply Hpos.
    assert (P0 := Hpos 0%nat). assert (P1 := Hpos 1%nat). assert (P2 := Hpos 2%nat).
    assert (0 < mu 0%nat / mu 2%nat) by (apply Rdiv_lt_0_compat; assumption).
    assert (0 < mu 0%nat / mu 1%nat) by (apply Rdiv_lt_0_compat; assumption).
    assert (0 < mu 1%nat / mu 0%nat) by (apply Rdiv_lt_0_compat; assumption).
    destruct H0 as [<-|[<-|[]]]; simpl; lra.
  - destruct H as (Hpos & _). unfold output_cost. simpl sum_over. unfold leaves. simpl.
    rewrite !cost_of_synapse by apply Hpos.
    assert (P0 := Hpos 0%nat). assert (P1 := Hpos 1%nat).
    assert (0 < mu 0%nat / mu 1%nat) by (apply Rdiv_lt_0_compat; assumption).
    assert (0 < mu 1%nat / mu 0%nat) by (apply Rdiv_lt_0_compat; assumption).
    destruct H0 as [<-|[<-|[]]]; simpl; lra.
  - apply (Hfall (fed_loop 3) 3); simpl; try tauto; try lra.
    + intros i [<-|[]]. left. reflexivity.
    + intros i Hi. exact Hi.
    + split; [repeat constructor; simpl; intuition discriminate|].
      intros e [<-|[<-|[<-|[]]]]; unfold well_formed_term; simpl; repeat split; try lra; intros; lia || lra.
    + intros e [<-|[<-|[<-|[]]]]; unfold slope; simpl; lra.
  - intros [|[|i]]; simpl; lra.
  - intros [|[|i]] Hi; simpl in *; tauto.
  - intros i Hi. assert (P : forall i, 0 < same m i) by (intros [|[|j]]; simpl; lra).
    unfold input_cost, output_cost. simpl sum_over. unfold enters, leaves. simpl.
    rewrite !cost_of_synapse by apply P. destruct Hi as [<-|[<-|[]]]; simpl; field; lra.
Qed.
