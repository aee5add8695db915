(* Units may share one multiplier: a layer, or the places of a convolution's channel. The function stays as it is, shared weights
   stay shared, and balance holds between the summed costs of the group, each shared weight counted once. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks scaling_invariance thm_3_1_lp power_costs.
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

(** The same of the weights of a network *)

(* The units of group a have the multiplier l, all others 1. *)
Definition one_group (group : nat -> nat) (a : nat) (l : R) (i : nat) : R := if Nat.eqb (group i) a then l else 1.

Section Network.

(* The m weights that are counted, each once however often it is shared: the k-th is that of the synapse from `column k` to `row k`. *)
Variables (net : network) (group : nat -> nat) (a : nat) (p : R) (m : nat) (row column : nat -> nat).

Definition group_scaled (l : R) : network := scaled (fun _ => 1) (one_group group a l) net.

Definition counted_weight (l : R) (k : nat) : R := weight (group_scaled l) (row k) (column k).

Definition counted_cost (l : R) : R := sum m (fun k => cost p (counted_weight l k)).

Definition in_group (i : nat) : bool := Nat.eqb (group i) a.

(* The costs of the weights that only enter the group, and of those that only leave it. *)
Definition into_group (l : R) : R :=
  sum m (fun k => if (in_group (row k) && negb (in_group (column k)))%bool then cost p (counted_weight l k) else 0).
Definition out_of_group (l : R) : R :=
  sum m (fun k => if (in_group (column k) && negb (in_group (row k)))%bool then cost p (counted_weight l k) else 0).

Let costs (k : nat) : R := cost p (weight net (row k) (column k)).

Lemma counted_weight_cost : forall l k, 0 < l ->
  cost p (counted_weight l k) = costs k * (if in_group (row k) then Rpower l p else 1) / (if in_group (column k) then Rpower l p else 1).
Proof.
  intros l k Hl. unfold counted_weight, group_scaled. simpl. unfold scaled_weight, one_group, costs.
  fold (in_group (row k)). fold (in_group (column k)). set (w := weight net (row k) (column k)).
  assert (0 < Rpower l p) by apply exp_pos.
  destruct (in_group (row k)), (in_group (column k)); rewrite ?Rpower_1 by lra; unfold Rdiv; rewrite ?Rinv_1, ?Rmult_1_l, ?Rmult_1_r.
  - replace (l * w * / l) with w by (field; lra). field. lra.
  - rewrite cost_multiple by exact Hl. ring.
  - change (w * / l) with (w / l). rewrite cost_quotient by exact Hl. rewrite Rpower_Ropp. ring.
  - reflexivity.
Qed.

(* A layer or a channel is balanced, as one, exactly where its multiplier is optimal; and no output changes. *)
Theorem tied_balance :
  forall visible : nat -> Prop,
    0 < p ->
    (forall i, source net i = true -> visible i) -> (forall i, visible i \/ is_bilu (activation net i)) ->
    (forall i, visible i -> group i <> a) ->
    0 < into_group 1 -> 0 < out_of_group 1 ->
    (forall l, 0 < l ->
       admissible net visible (fun _ => 1) (one_group group a l) /\
       (forall x initial t i, visible i ->
          run (group_scaled l) x (fun j => Rpower (one_group group a l j) 1 * initial j) t i = run net x initial t i) /\
       ((forall l', 0 < l' -> counted_cost l <= counted_cost l') <-> into_group l = out_of_group l)) /\
    exists l, 0 < l /\ into_group l = out_of_group l.
Proof.
  intros visible Hp Hsource Hunits Hgroup HA HB.
  assert (Hform : forall l, 0 < l ->
    counted_cost l = group_cost m (fun k => group (column k)) (fun k => group (row k)) costs a (Rpower l p) /\
    into_group l = Rpower l p * into_group 1 /\ out_of_group l = out_of_group 1 / Rpower l p).
  { intros l Hl. assert (0 < Rpower l p) by apply exp_pos.
    assert (H1 : forall k, cost p (counted_weight 1 k) = costs k).
    { intros k. rewrite counted_weight_cost by lra. rewrite Rpower_one. destruct (in_group (row k)), (in_group (column k)); field. }
    split; [|split].
    - apply sum_ext. intros k _. apply counted_weight_cost. exact Hl.
    - unfold into_group. rewrite <- sum_scale. apply sum_ext. intros k _. rewrite H1, counted_weight_cost by exact Hl.
      destruct (in_group (row k)), (in_group (column k)); simpl; field.
    - unfold out_of_group, Rdiv. rewrite <- sum_scale_r. apply sum_ext. intros k _. rewrite H1, counted_weight_cost by exact Hl.
      destruct (in_group (row k)), (in_group (column k)); simpl; field; lra. }
  assert (Hcosts : into_group 1 = entering m (fun k => group (column k)) (fun k => group (row k)) costs a /\
    out_of_group 1 = leaving m (fun k => group (column k)) (fun k => group (row k)) costs a).
  { assert (H1 : forall k, cost p (counted_weight 1 k) = costs k).
    { intros k. rewrite counted_weight_cost by lra. rewrite Rpower_one. destruct (in_group (row k)), (in_group (column k)); field. }
    split; apply sum_ext; intros k _; rewrite H1; reflexivity. }
  destruct Hcosts as [EA EB]. split.
  - intros l Hl. assert (Hok : admissible net visible (fun _ => 1) (one_group group a l)).
    { repeat split.
      - intros i. unfold one_group. destruct (Nat.eqb (group i) a); lra.
      - intros i Hi. unfold one_group. destruct (Nat.eqb_spec (group i) a) as [E|_]; [|reflexivity]. destruct (Hgroup i Hi E).
      - exact Hsource.
      - intros i. destruct (Hunits i) as [Hv|Hb]; [left; exact Hv|right; apply bilu_degree_one; exact Hb]. }
    split; [exact Hok|]. split; [intros; apply (scaling_invariance net visible _ _ Hok); assumption|].
    destruct (Hform l Hl) as (-> & -> & ->). assert (Hpl : 0 < Rpower l p) by apply exp_pos.
    rewrite EA in HA |- *. rewrite EB in HB |- *.
    destruct (balance_of_a_group m (fun k => group (column k)) (fun k => group (row k)) costs a HA HB (Rpower l p) Hpl) as [H1 H2].
    split.
    + intros H. apply H1. intros nu Hnu. destruct (Hform (Rpower nu (/ p)) ltac:(apply exp_pos)) as (E & _ & _).
      specialize (H (Rpower nu (/ p)) ltac:(apply exp_pos)). rewrite E, Rpower_mult, Rinv_l, Rpower_1 in H by lra. exact H.
    + intros H l' Hl'. rewrite (proj1 (Hform l' Hl')). apply H2; [exact H|apply exp_pos].
  - assert (Hq : 0 < out_of_group 1 / into_group 1) by (apply Rdiv_lt_0_compat; assumption).
    exists (Rpower (out_of_group 1 / into_group 1) (/ (2 * p))). split; [apply exp_pos|].
    destruct (Hform (Rpower (out_of_group 1 / into_group 1) (/ (2 * p))) ltac:(apply exp_pos)) as (_ & -> & ->).
    rewrite half_power_square by assumption. set (s := sqrt (out_of_group 1 / into_group 1)).
    assert (0 < s) by (apply sqrt_lt_R0; exact Hq).
    assert (s * s = out_of_group 1 / into_group 1) as Es by (apply sqrt_sqrt; lra).
    apply (Rmult_eq_reg_r s); [|lra]. replace (s * into_group 1 * s) with (s * s * into_group 1) by ring. rewrite Es. field. lra.
Qed.

End Network.
