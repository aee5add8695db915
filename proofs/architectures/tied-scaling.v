(* Units may share one multiplier: a layer, or the places of a convolution's channel. The function stays as it is, shared weights
   stay shared, and balance holds between the summed costs of the group, each shared weight counted once. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks scaling_invariance thm_3_1_lp.
Open Scope R_scope.

(* Unit i belongs to the group `group i`, whose multiplier is M (group i). Weights that are shared join the same groups. *)
Theorem tied_scaling :
  forall net visible c M (group : nat -> nat),
    let L := fun i => M (group i) in
    admissible net visible c L ->
    (forall i j, group i = group j -> c i = c j) ->
    (forall x initial t i, visible i ->
       run (scaled c L net) x (fun j => Rpower (L j) (c j) * initial j) t i = run net x initial t i) /\
    (acyclic net -> forall x i, (i < units net)%nat -> visible i -> forward (scaled c L net) x i = forward net x i) /\
    (forall i j i' j', group i = group i' -> group j = group j' -> weight net i j = weight net i' j' ->
       weight (scaled c L net) i j = weight (scaled c L net) i' j').
Proof.
  intros net visible c M group L Hok Hdegree.
  destruct (scaling_invariance net visible c L Hok) as (_ & Hrun & Hforward). split; [exact Hrun|]. split.
  - intros Hnet x i Hi Hv. destruct (Hforward Hnet) as (_ & H). apply (H x i Hi). exact Hv.
  - intros i j i' j' Hi Hj Hw. simpl. unfold scaled_weight, L. rewrite Hi, Hj, Hw, (Hdegree j j' Hj). reflexivity.
Qed.

(* The cost as a function of the multiplier mu of the costs of group a. There are m weights, each counted once however often it is
   shared; weight k goes from group `from k` to group `to k` and costs `cost k`. *)
Definition group_cost (m : nat) (from to : nat -> nat) (cost : nat -> R) (a : nat) (mu : R) : R :=
  sum m (fun k => cost k * (if Nat.eqb (to k) a then mu else 1) / (if Nat.eqb (from k) a then mu else 1)).

Definition entering (m : nat) (from to : nat -> nat) (cost : nat -> R) (a : nat) : R :=
  sum m (fun k => if (Nat.eqb (to k) a && negb (Nat.eqb (from k) a))%bool then cost k else 0).
Definition leaving (m : nat) (from to : nat -> nat) (cost : nat -> R) (a : nat) : R :=
  sum m (fun k => if (Nat.eqb (from k) a && negb (Nat.eqb (to k) a))%bool then cost k else 0).

(* The optimum is where the summed costs are equal. *)
Theorem balance_of_a_group :
  forall m from to cost a,
    let A := entering m from to cost a in
    let B := leaving m from to cost a in
    0 < A -> 0 < B ->
    forall mu, 0 < mu ->
      ((forall nu, 0 < nu -> group_cost m from to cost a mu <= group_cost m from to cost a nu) <-> mu * A = B / mu).
Proof.
  intros m from to cost a A B HA HB mu Hmu.
  set (rest := sum m (fun k => if Bool.eqb (Nat.eqb (to k) a) (Nat.eqb (from k) a) then cost k else 0)).
  assert (Hform : forall nu, 0 < nu -> group_cost m from to cost a nu = nu * A + B / nu + rest).
  { intros nu Hnu. unfold group_cost, A, B, entering, leaving, rest, Rdiv. rewrite <- sum_scale, <- sum_scale_r, <- !sum_plus.
    apply sum_ext. intros k _. destruct (Nat.eqb (to k) a), (Nat.eqb (from k) a); simpl; field; lra. }
  destruct (balanced_costs A B HA HB) as (Hin & Hout & _).
  assert (Hbest : 0 < sqrt (B / A)) by (apply sqrt_lt_R0; apply Rdiv_lt_0_compat; assumption).
  destruct (balance_minimises A B mu HA HB Hmu) as (Hle & Hiff).
  split.
  - intros Hmin. specialize (Hmin (sqrt (B / A)) Hbest). rewrite !Hform in Hmin by assumption.
    assert (Hsq : mu * mu = B / A) by (apply Hiff; lra).
    apply (Rmult_eq_reg_l mu); [|lra]. replace (mu * (mu * A)) with (mu * mu * A) by ring. rewrite Hsq. field. lra.
  - intros Hbalance nu Hnu. rewrite !Hform by assumption.
    destruct (balance_minimises A B nu HA HB Hnu) as (Hle' & _).
    assert (Hsq : mu * mu = B / A).
    { apply (Rmult_eq_reg_r A); [|lra]. replace (mu * mu * A) with (mu * (mu * A)) by ring. rewrite Hbalance. field. lra. }
    apply Hiff in Hsq. lra.
Qed.
