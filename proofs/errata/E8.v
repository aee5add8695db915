(* Balancing two directly connected units does not commute.

   Corrected: It commutes if and only if both are already balanced or they are joined to each other alone (noncommutativity).

   Here: it fails as printed for two units joined to each other alone, of any positive costs. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require Import balancing_problem convexity steps noncommutativity.
Import ListNotations.
Open Scope R_scope.

(* a and b are 0 and 1, joined by synapses of costs c and d. *)
Definition pair (c d : R) : problem := Problem [0%nat; 1%nat] [Term 0 1 c 1 1; Term 1 0 d 1 1].

Theorem E8 :
  forall c d, 0 < c -> 0 < d ->
    let P := pair c d in
    let one := fun _ : nat => 1 in
    joined P 0 1 /\
    (input_cost P one 0 = output_cost P one 0 <-> c = d) /\
    (forall e, In e (terms P) ->
       cost_at (balanced_at P 1 (balanced_at P 0 one)) e = cost_at (balanced_at P 0 (balanced_at P 1 one)) e).
Proof.
  intros c d Hc Hd P one.
  assert (Hcost : forall e, In e (terms P) -> cost_at one e = cost e).
  { intros e [<-|[<-|[]]]; unfold cost_at, one; simpl; rewrite Rpower_1 by lra; field. }
  assert (I0 : input_cost P one 0 = d) by (unfold input_cost, one, cost_at; simpl; rewrite !Rpower_1 by lra; field).
  assert (O0 : output_cost P one 0 = c) by (unfold output_cost, one, cost_at; simpl; rewrite !Rpower_1 by lra; field).
  assert (I1 : input_cost P one 1 = c) by (unfold input_cost, one, cost_at; simpl; rewrite !Rpower_1 by lra; field).
  assert (O1 : output_cost P one 1 = d) by (unfold output_cost, one, cost_at; simpl; rewrite !Rpower_1 by lra; field).
  split; [|split].
  - exists (Term 0 1 c 1 1). simpl. tauto.
  - rewrite I0, O0. split; intros; symmetry; assumption.
  - destruct (noncommutativity_in_closed_form P 0 1 one) as (_ & _ & H); try (simpl; tauto); try lia; try lra.
    + intros e [<-|[<-|[]]]; simpl; lra.
    + split; [repeat constructor; simpl; intuition discriminate|].
      intros e [<-|[<-|[]]]; unfold well_formed_term; simpl; repeat split; try lra; intros; lia || lra.
    + split; [intros; unfold one; lra|reflexivity].
    + apply H. intros k [(e & [<-|[<-|[]]] & _ & He)|(e & [<-|[<-|[]]] & _ & He)]; simpl in He; lia.
Qed.
