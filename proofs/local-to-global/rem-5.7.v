(* Convergence to one balanced state holds as well for deterministic orders, for a subset of the units, and for layer-wise (tied)
   balancing.

   Corrected: If the minimum of the problem concerned is attained (E6; for a subset, of the problem in which all other units count as
   visible) and every unit concerned is visited infinitely often, convergence to one balanced state holds as well for deterministic
   orders, for a subset of the units, and for layer-wise (tied) balancing. Without an attained minimum each of the three fails, though
   every step be defined.

   Units of degree 1: any finite list of terms whose two exponents are equal. `tie` sends each unit to the one whose multiplier
   it shares, `units` are those that are balanced, in the layer-wise case one for each layer; what is tied to no unit of `units` stays as
   it is. A subset without ties has the identity for `tie`. A deterministic order is one order; that sweeps, in any sequence of
   the units, are fair is cyclic_sweeps_are_fair. Weights always converge; multipliers where non-zero terms of the problem of the
   subset join the unit to the ground. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence steps minima existence thm_5_1.
Import ListNotations.
Open Scope R_scope.

Definition tied_term (tie : nat -> nat) (start : nat -> R) (e : term) : term :=
  Term (tie (source e)) (tie (target e)) (cost_at start e) (source_exponent e) (target_exponent e).

(* The problem of moving the units of the list, and with each all that is tied to it, away from `start`. *)
Definition tied (P : problem) (tie : nat -> nat) (units : list nat) (start : nat -> R) : problem :=
  Problem units (map (tied_term tie start) (terms P)).

(* The multipliers of the network once unit i's representative has been moved by nu. *)
Definition spread (tie : nat -> nat) (start nu : nat -> R) (i : nat) : R := start i * nu (tie i).

Lemma spread_cost : forall tie start nu e,
  (forall i, 0 < start i) -> (forall i, 0 < nu i) ->
  cost_at nu (tied_term tie start e) = cost_at (spread tie start nu) e.
Proof.
  intros tie start nu e Hs Hn. unfold cost_at at 1. simpl. unfold cost_at, spread.
  rewrite <- !Rpower_mult_distr by auto. field.
  split; apply Rgt_not_eq; apply exp_pos.
Qed.

Lemma spread_regularizer : forall P tie units start nu,
  (forall i, 0 < start i) -> (forall i, 0 < nu i) ->
  regularizer (tied P tie units start) nu = regularizer P (spread tie start nu).
Proof.
  intros P tie units start nu Hs Hn. unfold regularizer, tied. simpl. rewrite sum_over_map.
  apply sum_over_ext. intros e _. apply spread_cost; assumption.
Qed.

Lemma tied_well_formed : forall P tie units start,
  well_formed P -> homogeneous P -> NoDup units -> well_formed (tied P tie units start).
Proof.
  intros P tie units start Hwf Hhom Hn. split; [exact Hn|]. intros e Hin. simpl in Hin.
  apply in_map_iff in Hin. destruct Hin as (d & <- & Hd).
  destruct (proj2 Hwf d Hd) as (Hc & Hs & Ht & _). repeat split; simpl; auto.
  rewrite cost_at_log. apply term_at_nonneg. exact (proj2 Hwf d Hd).
Qed.

Theorem rem_5_7 : forall P tie units start,
  let Q := tied P tie units start in
  well_formed P -> homogeneous P -> (forall i, 0 < start i) -> NoDup units ->
  attained Q ->
  exists best, balanced Q best /\
    (forall nu, multipliers Q nu -> regularizer P (spread tie start best) <= regularizer P (spread tie start nu)) /\
    forall order nu,
      fair units order -> multipliers Q (nu O) -> (forall t, balances Q (order t) (nu t) (nu (S t))) ->
      (forall t, regularizer P (spread tie start (nu (S t))) <= regularizer P (spread tie start (nu t))) /\
      Un_cv (fun t => regularizer P (spread tie start (nu t))) (regularizer P (spread tie start best)) /\
      (forall i, grounded Q (tie i) -> Un_cv (fun t => spread tie start (nu t) i) (spread tie start best i)) /\
      (forall e, In e (terms P) -> Un_cv (fun t => cost_at (spread tie start (nu t)) e) (cost_at (spread tie start best) e)).
Proof.
  intros P tie units start Q Hwf Hhom Hstart Hn Hat.
  assert (well_formed Q) as HQ by (apply tied_well_formed; assumption).
  destruct (thm_5_1 Q HQ Hat) as (best & Hb & [Hbm Hmin] & Hconv). exists best.
  assert (forall nu, multipliers Q nu -> regularizer Q nu = regularizer P (spread tie start nu)) as ER.
  { intros nu Hnu. apply spread_regularizer; [exact Hstart|apply Hnu]. }
  split; [exact Hb|]. split.
  { intros nu Hnu. rewrite <- !ER by assumption. apply Hmin. exact Hnu. }
  intros order nu Hfair H0 Hstep.
  destruct (Hconv order nu Hfair H0 Hstep) as (H1 & H2 & _ & H4 & H5).
  assert (forall t, multipliers Q (nu t)) as Hm.
  { induction t as [|t IH]; [exact H0|]. apply (balances_multipliers Q (order t) (nu t)); auto. apply Hfair. }
  split; [|split; [|split]].
  - intros t. rewrite <- !ER by apply Hm. apply H1.
  - rewrite <- ER by exact Hbm. apply (Un_cv_ext (fun t => regularizer Q (nu t))); [|exact H2].
    intros t. apply ER. apply Hm.
  - intros i Hi. unfold spread. apply (CV_mult (fun _ => start i) (fun t => nu t (tie i))); [apply constant_converges|apply H4; exact Hi].
  - intros e He. rewrite <- (spread_cost tie start best e Hstart (proj1 Hbm)).
    apply (Un_cv_ext (fun t => cost_at (nu t) (tied_term tie start e))); [|apply H5; apply in_map; exact He].
    intros t. apply spread_cost; [exact Hstart|apply Hm].
Qed.

(* Sweep after sweep in one sequence of the units, which may name a unit more than once. *)
Theorem cyclic_sweeps_are_fair : forall units sweep,
  sweep <> [] -> (forall i, In i sweep <-> In i units) ->
  fair units (fun t => nth (t mod length sweep) sweep O).
Proof.
  intros units sweep Hne Hall.
  assert (length sweep <> O) as Hlen by (destruct sweep; [congruence|discriminate]).
  split.
  - intros t. apply Hall. apply nth_In. apply Nat.mod_upper_bound. exact Hlen.
  - intros i Hi N. apply Hall in Hi. destruct (In_nth sweep i O Hi) as (k & Hk & E).
    exists (k + N * length sweep)%nat. split; [nia|].
    rewrite Nat.mod_add by exact Hlen. rewrite Nat.mod_small by exact Hk. exact E.
Qed.

(** Without an attained minimum: x feeds a, a and b feed each other, and nothing leaves them. *)

Definition synapse (from to : nat) (c : R) : term := Term from to c 1 1.
Definition itself (i : nat) : nat := i.
Definition one (_ : nat) : R := 1.

(* x is 2, a is 0, b is 1. *)
Definition lasso : problem := Problem [0; 1]%nat [synapse 2 0 3; synapse 0 1 1; synapse 1 0 1].
(* The same, and x -> 3, which is hidden but not of the subset. *)
Definition lasso_beside_a_unit : problem := Problem [0; 1; 3]%nat (terms lasso ++ [synapse 2 3 1]).
(* x -> {0, 3}, {0, 3} <-> 1: units 0 and 3 are one layer. *)
Definition layers : problem :=
  Problem [0; 1; 3]%nat [synapse 2 0 1; synapse 2 3 1; synapse 0 1 1; synapse 3 1 1; synapse 1 0 1; synapse 1 3 1].
Definition layer (i : nat) : nat := match i with 3%nat => 0%nat | _ => i end.

Lemma start_cost : forall from to c, cost_at one (synapse from to c) = c.
Proof. intros from to c. unfold cost_at, one. simpl. rewrite !Rpower_1 by lra. field. Qed.

(* Every step is defined at all multipliers; but nothing balances. *)
Definition steps_are_defined (Q : problem) : Prop :=
  forall nu i, multipliers Q nu -> In i (hidden Q) -> 0 < input_cost Q nu i /\ 0 < output_cost Q nu i.

Lemma falls_for_ever : forall Q c,
  well_formed Q -> hidden Q = [0; 1]%nat ->
  In (synapse 2 0 c) (terms Q) -> In (synapse 0 1 1) (terms Q) -> In (synapse 1 0 1) (terms Q) ->
  0 < c -> (forall e, In e (terms Q) -> slope (fun i => match i with 0%nat | 1%nat => -1 | _ => 0 end) e <= 0) ->
  steps_are_defined Q /\ ~ attained Q /\ forall nu, ~ balanced Q nu.
Proof.
  intros Q c Hwf Hh He Hf Hg Hc Hs.
  assert (Hno : ~ attained Q).
  { apply not_attained_certificate with (fun i => match i with 0%nat | 1%nat => -1 | _ => 0 end); [exact Hwf| |].
    - split; [|intros; auto]. intros [|[|i]] Hi; try reflexivity; exfalso; apply Hi; rewrite Hh; simpl; tauto.
    - exists (synapse 2 0 c). repeat split; [exact He|exact Hc|]. unfold slope. simpl. lra. }
  split; [|split; [exact Hno|]].
  - intros nu i Hnu Hi. rewrite Hh in Hi. rewrite input_log, output_log, <- input_reversed.
    split; apply input_positive_iff; auto using well_formed_reversed; destruct Hi as [<-|[<-|[]]].
    + exists (synapse 1 0 1). simpl. repeat split; auto; lra.
    + exists (synapse 0 1 1). simpl. repeat split; auto; lra.
    + exists (reversed_term (synapse 0 1 1)). simpl. repeat split; auto; try lra. apply (in_map reversed_term). exact Hf.
    + exists (reversed_term (synapse 1 0 1)). simpl. repeat split; auto; try lra. apply (in_map reversed_term). exact Hg.
  - intros nu Hb. apply Hno. exists nu. apply balanced_iff_minimum; assumption.
Qed.

Theorem without_a_minimum :
  let fails P tie units :=
    well_formed P /\ homogeneous P /\ NoDup units /\
    steps_are_defined (tied P tie units one) /\ ~ attained (tied P tie units one) /\ forall nu, ~ balanced (tied P tie units one) nu in
  (* A deterministic order, whatever it be. *)
  fails lasso itself [0; 1]%nat /\
  (* A subset: unit 3 is hidden, and is not balanced. *)
  fails lasso_beside_a_unit itself [0; 1]%nat /\
  (* Layers: units 0 and 3 share their multiplier. *)
  fails layers layer [0; 1]%nat.
Proof.
  intros fails.
  assert (Hfails : forall P tie c,
    hidden P = [0; 1]%nat \/ hidden P = [0; 1; 3]%nat ->
    (forall e, In e (terms P) -> exists from to c, e = synapse from to c /\ 0 <= c) ->
    0 < c -> In (synapse 2 0 c) (terms P) -> In (synapse 0 1 1) (terms P) -> In (synapse 1 0 1) (terms P) ->
    tie 0%nat = 0%nat -> tie 1%nat = 1%nat -> tie 2%nat = 2%nat ->
    (forall e, In e (terms P) -> slope (fun i => match tie i with 0%nat | 1%nat => -1 | _ => 0 end) e <= 0) ->
    fails P tie [0; 1]%nat).
  { intros P tie c Hh Hsyn Hc H1 H2 H3 T0 T1 T2 Hs.
    assert (Hn : NoDup [0; 1]%nat) by (repeat constructor; simpl; intuition discriminate).
    assert (Hwf : well_formed P).
    { split; [destruct Hh as [-> | ->]; repeat constructor; simpl; intuition discriminate|].
      intros e He. destruct (Hsyn e He) as (from & to & k & -> & Hk). unfold well_formed_term. simpl. repeat split; lra. }
    assert (Hhom : homogeneous P) by (intros e He; destruct (Hsyn e He) as (from & to & k & -> & Hk); reflexivity).
    split; [exact Hwf|]. split; [exact Hhom|]. split; [exact Hn|].
    assert (Hin : forall from to k, In (synapse from to k) (terms P) -> In (synapse (tie from) (tie to) k) (terms (tied P tie [0; 1]%nat one))).
    { intros from to k H. simpl. replace (synapse (tie from) (tie to) k) with (tied_term tie one (synapse from to k)); [apply in_map; exact H|].
      unfold tied_term. rewrite start_cost. reflexivity. }
    apply (falls_for_ever _ c); auto.
    - apply tied_well_formed; assumption.
    - apply Hin in H1. rewrite T2, T0 in H1. exact H1.
    - apply Hin in H2. rewrite T0, T1 in H2. exact H2.
    - apply Hin in H3. rewrite T1, T0 in H3. exact H3.
    - intros e He. apply in_map_iff in He. destruct He as (d & <- & Hd). specialize (Hs d Hd). unfold slope in *. exact Hs. }
  assert (Hlist : forall P, Forall (fun e => exists from to c, e = synapse from to c /\ 0 <= c) (terms P) ->
    forall e, In e (terms P) -> exists from to c, e = synapse from to c /\ 0 <= c).
  { intros P H. apply Forall_forall. exact H. }
  split; [|split]; [apply (Hfails lasso itself 3)|apply (Hfails lasso_beside_a_unit itself 3)|apply (Hfails layers layer 1)];
    try (apply Hlist; repeat constructor; eexists _, _, _; (split; [reflexivity|lra]));
    try (simpl; tauto); try lra; try reflexivity;
    intros e He; simpl in He; repeat (destruct He as [<-|He]); try contradiction; unfold slope, itself, layer; simpl; lra.
Qed.
