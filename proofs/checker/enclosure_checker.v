(* A checker of enclosures that computes, over the rationals of the standard library, and its soundness: what it accepts is an enclosure of
   the balanced multipliers of the problem, read as real numbers (enclosure_certificate in comparison-principle.v), and for
   a limit also that the infimum is not attained, and reached in the limit (existence.v).

   It covers what of the kernel's rules `enclosure` and `limit_enclosure` is rational: costs that are rational numbers, and exponents that are
   natural ones (L_p with rational costs, mixtures of integer powers, units of natural degree, ties, parallel synapses). In a component
   away from the ground it covers units of degree 1. The kernel in addition takes irrational costs and fractional exponents.

   Variables are 0, 1, ..; any larger number stands for a visible unit. *)

From Coq Require Import Reals QArith Qreals List Arith FMapPositive Lra Lia.
From Synbal Require Import balancing_problem convexity minima cycles comparison_principle existence.
Import ListNotations.

Record rational_term := RationalTerm {
  from : nat;
  to : nat;
  weight_cost : Q;
  from_exponent : nat;
  to_exponent : nat
}.

(* `component` holds for each variable the one that is held at 1 in its component, None if the component reaches the ground.
   It is a hint: what it says is checked. *)
Record claim := Claim {
  variables : nat;
  synapses : list rational_term;
  component : list (option nat);
  lower : list Q;
  upper : list Q
}.

(** The checker *)

Local Open Scope Q_scope.

Fixpoint power (q : Q) (k : nat) : Q := match k with O => 1 | S k => q * power q k end.

Definition entry (n : nat) (point : list Q) (other : Q) (i : nat) : Q := if (i <? n)%nat then nth i point other else other.

Definition value (n : nat) (point : list Q) (e : rational_term) : Q :=
  weight_cost e * (power (entry n point 1 (to e)) (to_exponent e) / power (entry n point 1 (from e)) (from_exponent e)).

Fixpoint sum_where (selected : rational_term -> bool) (f : rational_term -> Q) (l : list rational_term) : Q :=
  match l with
  | [] => 0
  | e :: rest => if selected e then Qred (f e + sum_where selected f rest) else sum_where selected f rest
  end.

Definition natural (k : nat) : Q := inject_Z (Z.of_nat k).

Definition comes_in (i : nat) (e : rational_term) : bool := andb (to e =? i)%nat (negb (from e =? i)%nat).
Definition goes_out (i : nat) (e : rational_term) : bool := andb (from e =? i)%nat (negb (to e =? i)%nat).

Definition input_sum (n : nat) (l : list rational_term) (point : list Q) (i : nat) : Q :=
  sum_where (comes_in i) (fun e => natural (to_exponent e) * value n point e) l.
Definition output_sum (n : nat) (l : list rational_term) (point : list Q) (i : nat) : Q :=
  sum_where (goes_out i) (fun e => natural (from_exponent e) * value n point e) l.

Definition is_zero (e : rational_term) : bool := Qeq_bool (weight_cost e) 0.

Definition positive (q : Q) : bool := negb (Qle_bool q 0).

Definition term_is_well_formed (e : rational_term) : bool :=
  if Qle_bool 0 (weight_cost e) then
    if (0 <? from_exponent e)%nat then
      if (0 <? to_exponent e)%nat then
        orb (negb (from e =? to e)%nat) (from_exponent e =? to_exponent e)%nat
      else false
    else false
  else false.

Definition label (c : claim) (i : nat) : option nat := if (i <? variables c)%nat then nth i (component c) None else None.

Definition same_label (a b : option nat) : bool :=
  match a, b with
  | None, None => true
  | Some v, Some w => (v =? w)%nat
  | _, _ => false
  end.

Definition held (c : claim) (i : nat) : bool := same_label (label c i) (Some i).

Definition label_is_kept (c : claim) (e : rational_term) : bool :=
  if is_zero e then true
  else if same_label (label c (from e)) (label c (to e)) then
    match label c (from e) with
    | None => true
    | Some _ => (from_exponent e =? to_exponent e)%nat
    end
  else false.

Definition label_is_held (c : claim) (i : nat) : bool :=
  match label c i with
  | None => true
  | Some v => held c v
  end.

(* Units from which terms of nonzero cost lead to the ground or to a variable that is held. *)
Definition reached (n : nat) (r : list nat) (i : nat) : bool := orb (negb (i <? n)%nat) (existsb (Nat.eqb i) r).

Definition reach_along (n : nat) (r : list nat) (e : rational_term) : list nat :=
  if is_zero e then r
  else if reached n r (from e) then (if reached n r (to e) then r else to e :: r)
  else if reached n r (to e) then from e :: r else r.

Fixpoint reach (rounds n : nat) (l : list rational_term) (r : list nat) : list nat :=
  match rounds with
  | O => r
  | S rounds =>
      let next := fold_left (reach_along n) l r in
      if (length next =? length r)%nat then next else reach rounds n l next
  end.

Definition all_variables (c : claim) : list nat := seq 0 (variables c).

Definition bound_is_in_order (c : claim) (i : nat) : bool :=
  let low := entry (variables c) (lower c) 1 i in
  let high := entry (variables c) (upper c) 1 i in
  if positive low then
    if Qle_bool low high then
      if held c i then (if Qeq_bool low 1 then Qeq_bool high 1 else false) else true
    else false
  else false.

Definition sign_test (c : claim) (i : nat) : bool :=
  if held c i then true
  else if Qle_bool (input_sum (variables c) (synapses c) (lower c) i) (output_sum (variables c) (synapses c) (lower c) i) then
    Qle_bool (output_sum (variables c) (synapses c) (upper c) i) (input_sum (variables c) (synapses c) (upper c) i)
  else false.

Definition sign_tests (c : claim) : bool := forallb (sign_test c) (all_variables c).

(* With the sign tests in whatever form they are computed. *)
Definition accepted_by (tests : claim -> bool) (c : claim) : bool :=
  if (length (lower c) =? variables c)%nat then
  if (length (upper c) =? variables c)%nat then
  if forallb term_is_well_formed (synapses c) then
  if forallb (bound_is_in_order c) (all_variables c) then
  if forallb (label_is_kept c) (synapses c) then
  if forallb (label_is_held c) (all_variables c) then
  let r := reach (variables c) (variables c) (synapses c) (filter (held c) (all_variables c)) in
  if forallb (reached (variables c) r) (all_variables c) then
    tests c
  else false else false else false else false else false else false else false.

Definition accepted (c : claim) : bool := accepted_by sign_tests c.

(* Along the direction, in the logarithms of the multipliers, no cost rises and one falls. *)
Definition rate (n : nat) (direction : list Q) (e : rational_term) : Q :=
  natural (to_exponent e) * entry n direction 0 (to e) - natural (from_exponent e) * entry n direction 0 (from e).

Definition stays (n : nat) (direction : list Q) (e : rational_term) : bool := Qeq_bool (rate n direction e) 0.

Definition does_not_rise (n : nat) (direction : list Q) (e : rational_term) : bool :=
  if is_zero e then true else Qle_bool (rate n direction e) 0.

Definition falls (n : nat) (direction : list Q) (e : rational_term) : bool :=
  if is_zero e then false else negb (Qle_bool 0 (rate n direction e)).

Definition remaining (c : claim) (direction : list Q) : claim :=
  Claim (variables c) (filter (stays (variables c) direction) (synapses c)) (component c) (lower c) (upper c).

Definition accepted_in_the_limit_by (tests : claim -> bool) (c : claim) (direction : list Q) : bool :=
  if (length direction =? variables c)%nat then
  if forallb term_is_well_formed (synapses c) then
  if forallb (does_not_rise (variables c) direction) (synapses c) then
  if existsb (falls (variables c) direction) (synapses c) then
    accepted_by tests (remaining c direction)
  else false else false else false else false.

Definition accepted_in_the_limit (c : claim) (direction : list Q) : bool :=
  accepted_in_the_limit_by sign_tests c direction.

(** What its numbers stand for *)

Local Open Scope R_scope.

Definition real_term (e : rational_term) : term :=
  Term (from e) (to e) (Q2R (weight_cost e)) (INR (from_exponent e)) (INR (to_exponent e)).

Definition real_problem (c : claim) : problem := Problem (all_variables c) (map real_term (synapses c)).

Definition real_point (n : nat) (point : list Q) (i : nat) : R := Q2R (entry n point 1 i).

Lemma Q2R_0 : Q2R 0 = 0.
Proof. unfold Q2R; simpl. lra. Qed.

Lemma Q2R_1 : Q2R 1 = 1.
Proof. unfold Q2R; simpl. lra. Qed.

Lemma Q2R_power : forall q k, Q2R (power q k) = Q2R q ^ k.
Proof.
  induction k as [|k IH]; simpl; [apply Q2R_1|]. rewrite Q2R_mult, IH. reflexivity.
Qed.

Lemma Q2R_natural : forall k, Q2R (natural k) = INR k.
Proof. intros k. unfold natural, inject_Z, Q2R. simpl. rewrite INR_IZR_INZ. field. Qed.

Lemma Q2R_red : forall q, Q2R (Qred q) = Q2R q.
Proof. intros q. apply Qeq_eqR. apply Qred_correct. Qed.

Lemma positive_real : forall q, positive q = true -> 0 < Q2R q.
Proof.
  intros q H. unfold positive in H. rewrite <- Q2R_0. apply Qlt_Rlt. apply Qnot_le_lt. intros Hle.
  apply Qle_bool_iff in Hle. rewrite Hle in H. discriminate.
Qed.

Lemma le_real : forall a b, Qle_bool a b = true -> Q2R a <= Q2R b.
Proof. intros a b H. apply Qle_Rle. apply Qle_bool_iff. exact H. Qed.

Lemma eq_real : forall a b, Qeq_bool a b = true <-> Q2R a = Q2R b.
Proof.
  intros a b. rewrite Qeq_bool_iff. split; [apply Qeq_eqR|apply eqR_Qeq].
Qed.

Lemma is_zero_real : forall e, is_zero e = true <-> cost (real_term e) = 0.
Proof. intros e. unfold is_zero. rewrite eq_real, Q2R_0. reflexivity. Qed.

Lemma value_real : forall n point e,
  (forall i, 0 < real_point n point i) -> Q2R (value n point e) = cost_at (real_point n point) (real_term e).
Proof.
  intros n point e H. unfold value, cost_at. simpl.
  rewrite !Rpower_pow by apply H. rewrite Q2R_mult, Q2R_div; [rewrite !Q2R_power; reflexivity|].
  intros E. apply Qeq_eqR in E. rewrite Q2R_power, Q2R_0 in E. revert E.
  apply pow_nonzero. apply Rgt_not_eq. apply (H (from e)).
Qed.

Lemma sum_where_real : forall selected f l,
  Q2R (sum_where selected f l) = sum_over l (fun e => if selected e then Q2R (f e) else 0).
Proof.
  induction l as [|e l IH]; cbn [sum_where sum_over]; [apply Q2R_0|].
  destruct (selected e); [rewrite Q2R_red, Q2R_plus, IH; reflexivity|rewrite IH; lra].
Qed.

Lemma input_sum_real : forall c point i,
  (forall k, 0 < real_point (variables c) point k) ->
  Q2R (input_sum (variables c) (synapses c) point i) = input_cost (real_problem c) (real_point (variables c) point) i.
Proof.
  intros c point i H. unfold input_sum, input_cost. simpl. rewrite sum_where_real, sum_over_map.
  apply sum_over_ext. intros e _. unfold enters, comes_in. simpl.
  destruct (_ && _)%bool; [|reflexivity]. rewrite Q2R_mult, Q2R_natural, value_real by exact H. reflexivity.
Qed.

Lemma output_sum_real : forall c point i,
  (forall k, 0 < real_point (variables c) point k) ->
  Q2R (output_sum (variables c) (synapses c) point i) = output_cost (real_problem c) (real_point (variables c) point) i.
Proof.
  intros c point i H. unfold output_sum, output_cost. simpl. rewrite sum_where_real, sum_over_map.
  apply sum_over_ext. intros e _. unfold leaves, goes_out. simpl.
  destruct (_ && _)%bool; [|reflexivity]. rewrite Q2R_mult, Q2R_natural, value_real by exact H. reflexivity.
Qed.

Lemma well_formed_real : forall e, term_is_well_formed e = true -> well_formed_term (real_term e).
Proof.
  intros e H. unfold term_is_well_formed in H.
  destruct (Qle_bool 0 (weight_cost e)) eqn:H1; [|discriminate].
  destruct (0 <? from_exponent e)%nat eqn:H2; [|discriminate].
  destruct (0 <? to_exponent e)%nat eqn:H3; [|discriminate].
  apply Nat.ltb_lt in H2. apply Nat.ltb_lt in H3. apply lt_0_INR in H2. apply lt_0_INR in H3.
  apply le_real in H1. rewrite Q2R_0 in H1. repeat split; simpl; try assumption.
  intros E. destruct (Nat.eqb_spec (from e) (to e)) as [_|]; [|contradiction]. simpl in H.
  apply Nat.eqb_eq in H. rewrite H. reflexivity.
Qed.

Definition free_variables (c : claim) : list nat := filter (fun i => negb (held c i)) (all_variables c).

Definition fixed_problem (c : claim) : problem := Problem (free_variables c) (terms (real_problem c)).

Lemma in_all_variables : forall c i, In i (all_variables c) <-> (i < variables c)%nat.
Proof. intros c i. unfold all_variables. rewrite in_seq. lia. Qed.

Lemma in_free : forall c i, In i (free_variables c) <-> (i < variables c)%nat /\ held c i = false.
Proof.
  intros c i. unfold free_variables. rewrite filter_In, in_all_variables, Bool.negb_true_iff. reflexivity.
Qed.

Lemma same_label_true : forall a b, same_label a b = true <-> a = b.
Proof.
  intros [v|] [w|]; simpl; split; intros H; try discriminate; try reflexivity.
  - apply Nat.eqb_eq in H. congruence.
  - injection H as ->. apply Nat.eqb_refl.
Qed.

Lemma nonzero_positive : forall e, term_is_well_formed e = true -> is_zero e = false -> 0 < cost (real_term e).
Proof.
  intros e Hw Hz. destruct (well_formed_real e Hw) as ([H|H] & _); [exact H|]. symmetry in H. apply is_zero_real in H. congruence.
Qed.

Lemma reached_true : forall n r i, reached n r i = true <-> ((n <= i)%nat \/ In i r).
Proof.
  intros n r i. unfold reached. rewrite Bool.orb_true_iff, Bool.negb_true_iff, Nat.ltb_ge, existsb_exists.
  split; intros [H|H]; auto.
  - destruct H as (k & Hk & E). apply Nat.eqb_eq in E. subst k. auto.
  - right. exists i. split; [exact H|apply Nat.eqb_refl].
Qed.

Definition all_reach_ground (c : claim) (r : list nat) : Prop := forall i, In i r -> grounded (fixed_problem c) i.

Lemma reached_grounded : forall c r i,
  all_reach_ground c r -> reached (variables c) r i = true -> grounded (fixed_problem c) i.
Proof.
  intros c r i Hr H. apply reached_true in H. destruct H as [H|H]; [|auto].
  apply grounded_visible. simpl. rewrite in_free. lia.
Qed.

Lemma reach_along_grounded : forall c e r,
  forallb term_is_well_formed (synapses c) = true -> In e (synapses c) ->
  all_reach_ground c r -> all_reach_ground c (reach_along (variables c) r e).
Proof.
  intros c e r Hw Hin Hr. rewrite forallb_forall in Hw. unfold reach_along.
  destruct (is_zero e) eqn:Hz; [exact Hr|].
  assert (joined (fixed_problem c) (from e) (to e)) as Hj.
  { exists (real_term e). split; [apply in_map; exact Hin|]. split; [apply nonzero_positive; auto|]. left. auto. }
  assert (joined (fixed_problem c) (to e) (from e)) as Hj'.
  { destruct Hj as (d & H1 & H2 & H3). exists d. tauto. }
  destruct (reached (variables c) r (from e)) eqn:Hf; destruct (reached (variables c) r (to e)) eqn:Ht; try exact Hr.
  - intros i [<-|Hi]; [|auto]. apply grounded_joined with (from e); [exact Hj'|]. apply (reached_grounded c r); assumption.
  - intros i [<-|Hi]; [|auto]. apply grounded_joined with (to e); [exact Hj|]. apply (reached_grounded c r); assumption.
Qed.

Lemma reach_grounded : forall c rounds r,
  forallb term_is_well_formed (synapses c) = true ->
  all_reach_ground c r -> all_reach_ground c (reach rounds (variables c) (synapses c) r).
Proof.
  intros c rounds r Hw. assert (forall l r, incl l (synapses c) -> all_reach_ground c r ->
    all_reach_ground c (fold_left (reach_along (variables c)) l r)) as Hfold.
  { induction l as [|e l IH]; intros r' Hl Hr; simpl; [exact Hr|]. apply IH; [intros d Hd; apply Hl; right; exact Hd|].
    apply reach_along_grounded; auto. apply Hl. left. reflexivity. }
  revert r. induction rounds as [|rounds IH]; intros r Hr; simpl; [exact Hr|].
  destruct (_ =? _)%nat; [|apply IH]; apply Hfold; auto using incl_refl.
Qed.

Ltac split_test H :=
  repeat match type of H with
  | (if ?b then _ else false) = true => let E := fresh "E" in destruct b eqn:E; [|discriminate H]
  end.

Lemma entry_outside : forall n point other i, (n <= i)%nat -> entry n point other i = other.
Proof. intros n point other i H. unfold entry. destruct (Nat.ltb_spec i n); [lia|reflexivity]. Qed.

Lemma checker_premises : forall c, accepted c = true ->
  let P := real_problem c in
  let low := real_point (variables c) (lower c) in
  let high := real_point (variables c) (upper c) in
  well_formed P /\ NoDup (free_variables c) /\ incl (free_variables c) (hidden P) /\
  all_grounded (fixed_problem c) /\
  (forall v, In v (hidden P) -> ~ In v (free_variables c) -> common P (free_variables c) v) /\
  multipliers (fixed_problem c) low /\ multipliers (fixed_problem c) high /\ (forall i, low i <= high i) /\
  (forall i, In i (free_variables c) -> input_cost P low i <= output_cost P low i) /\
  (forall i, In i (free_variables c) -> output_cost P high i <= input_cost P high i).
Proof.
  intros c H P low high. unfold accepted, accepted_by, sign_tests in H. cbv zeta in H. split_test H.
  rename E1 into Hw, E2 into Hb, E3 into Hk, E4 into Hh, E5 into Hr, H into Ht.
  assert (forall i, (variables c <= i)%nat -> low i = 1 /\ high i = 1) as Hout.
  { intros i Hi. unfold low, high, real_point. rewrite !entry_outside by exact Hi. rewrite Q2R_1. auto. }
  assert (forall i, 0 < low i /\ low i <= high i /\ (held c i = true -> low i = 1 /\ high i = 1)) as Hbounds.
  { intros i. destruct (Nat.lt_ge_cases i (variables c)) as [Hi|Hi].
    2:{ destruct (Hout i Hi). lra. }
    rewrite forallb_forall in Hb. assert (Hbi := Hb i (proj2 (in_all_variables c i) Hi)).
    unfold bound_is_in_order in Hbi. cbv zeta in Hbi. split_test Hbi. apply positive_real in E1. apply le_real in E2.
    split; [exact E1|split; [exact E2|]]. intros Hheld. rewrite Hheld in Hbi. split_test Hbi.
    apply eq_real in E3. apply eq_real in Hbi. rewrite Q2R_1 in E3, Hbi. auto. }
  assert (forall i, 0 < low i) as Hlow by (intros i; apply Hbounds).
  assert (forall i, 0 < high i) as Hhigh by (intros i; destruct (Hbounds i); lra).
  assert (forall e, In e (synapses c) -> term_is_well_formed e = true) as Hw' by (apply forallb_forall; exact Hw).
  assert (forall i, ~ In i (free_variables c) -> low i = 1 /\ high i = 1) as Hone.
  { intros i Hi. rewrite in_free in Hi. destruct (Nat.lt_ge_cases i (variables c)) as [Hi'|Hi']; [|auto].
    apply Hbounds. destruct (held c i); [reflexivity|exfalso; apply Hi; auto]. }
  split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split]]]]]]]].
  - split; [apply seq_NoDup|]. intros e He. simpl in He. apply in_map_iff in He. destruct He as (d & <- & Hd).
    apply well_formed_real. auto.
  - apply NoDup_filter. apply seq_NoDup.
  - intros i Hi. apply filter_In in Hi. apply Hi.
  - intros i Hi. simpl in Hi. apply in_free in Hi. rewrite forallb_forall in Hr.
    apply (reached_grounded c (reach (variables c) (variables c) (synapses c) (filter (held c) (all_variables c)))).
    + apply reach_grounded; [exact Hw|]. intros k Hk'. apply filter_In in Hk'.
      apply grounded_visible. simpl. rewrite in_free. intros [_ Hf]. destruct Hk'. congruence.
    + apply Hr. apply in_all_variables. apply Hi.
  - intros v Hv Hnf. rewrite in_free in Hnf. simpl in Hv. apply in_all_variables in Hv.
    assert (held c v = true) as Hheld by (destruct (held c v); [reflexivity|exfalso; apply Hnf; auto]).
    unfold held in Hheld. apply same_label_true in Hheld.
    exists (fun i => if same_label (label c i) (Some v) then 1 else 0). split; [|split; [|split]].
    + intros i Hi. simpl in Hi. rewrite in_all_variables in Hi. unfold label.
      destruct (Nat.ltb_spec i (variables c)); [contradiction|reflexivity].
    + intros e He Hc. simpl in He. apply in_map_iff in He. destruct He as (d & <- & Hd).
      rewrite forallb_forall in Hk. assert (Hkd := Hk d Hd). unfold label_is_kept in Hkd.
      destruct (is_zero d) eqn:Hz; [apply is_zero_real in Hz; lra|].
      destruct (same_label (label c (from d)) (label c (to d))) eqn:Hl; [|discriminate].
      apply same_label_true in Hl. unfold slope. simpl. rewrite <- Hl.
      destruct (label c (from d)) as [w|]; [|simpl; ring].
      apply Nat.eqb_eq in Hkd. rewrite Hkd. destruct (same_label (Some w) (Some v)); ring.
    + rewrite Hheld. simpl. rewrite Nat.eqb_refl. lra.
    + intros u Hu Hdu. destruct (same_label (label c u) (Some v)) eqn:Hl; [|lra]. apply same_label_true in Hl.
      apply in_free. split.
      * unfold label in Hl. destruct (Nat.ltb_spec u (variables c)); [assumption|discriminate].
      * unfold held. rewrite Hl. simpl. apply Nat.eqb_neq. auto.
  - split; [exact Hlow|]. intros i Hi. apply Hone. exact Hi.
  - split; [exact Hhigh|]. intros i Hi. apply Hone. exact Hi.
  - intros i. apply Hbounds.
  - intros i Hi. apply in_free in Hi. destruct Hi as [Hi Hf]. rewrite forallb_forall in Ht.
    assert (Hti := Ht i (proj2 (in_all_variables c i) Hi)). unfold sign_test in Hti. rewrite Hf in Hti. split_test Hti.
    apply le_real in E1. rewrite input_sum_real, output_sum_real in E1 by exact Hlow. exact E1.
  - intros i Hi. apply in_free in Hi. destruct Hi as [Hi Hf]. rewrite forallb_forall in Ht.
    assert (Hti := Ht i (proj2 (in_all_variables c i) Hi)). unfold sign_test in Hti. rewrite Hf in Hti. split_test Hti.
    apply le_real in Hti. rewrite input_sum_real, output_sum_real in Hti by exact Hhigh. exact Hti.
Qed.

(* What an accepted claim means. *)
Definition enclosed (c : claim) (best : nat -> R) : Prop :=
  balanced (real_problem c) best /\ minimum (real_problem c) best /\
  (forall i, (i < variables c)%nat -> Q2R (nth i (lower c) 1%Q) <= best i <= Q2R (nth i (upper c) 1%Q)) /\
  (forall mu, balanced (real_problem c) mu -> (forall i, (i < variables c)%nat -> held c i = true -> mu i = 1) ->
     forall i, mu i = best i).

Theorem checker_is_sound : forall c, accepted c = true -> exists best, enclosed c best.
Proof.
  intros c H. destruct (checker_premises c H) as (H1 & H2 & H3 & H4 & H5 & H6 & H7 & H8 & H9 & H10).
  destruct (enclosure_certificate (real_problem c) (free_variables c) _ _ H1 H2 H3 (grounded_determined (fixed_problem c) (conj H2 (proj2 H1)) H4) H5 H6 H7 H8 H9 H10)
    as (best & Hb & Hin & Hmin & _ & Huniq).
  exists best. split; [exact Hb|]. split; [split; [apply Hb|exact Hmin]|]. split.
  - intros i Hi. specialize (Hin i). unfold real_point, entry in Hin.
    destruct (Nat.ltb_spec i (variables c)); [exact Hin|lia].
  - intros mu Hmu Hheld. apply Huniq; [exact Hmu|]. intros v Hv Hnf. simpl in Hv. apply in_all_variables in Hv.
    apply Hheld; [exact Hv|]. rewrite in_free in Hnf. destruct (held c v); [reflexivity|exfalso; apply Hnf; auto].
Qed.

(** The limit *)

Definition real_direction (n : nat) (direction : list Q) (i : nat) : R := Q2R (entry n direction 0%Q i).

Lemma rate_real : forall n direction e, Q2R (rate n direction e) = slope (real_direction n direction) (real_term e).
Proof.
  intros n direction e. unfold rate, slope. rewrite Q2R_minus, !Q2R_mult, !Q2R_natural. reflexivity.
Qed.

Lemma filter_map : forall {S T} (g : S -> T) keep l, filter keep (map g l) = map g (filter (fun e => keep (g e)) l).
Proof.
  induction l as [|e l IH]; simpl; [reflexivity|]. rewrite IH. destruct (keep (g e)); reflexivity.
Qed.

Definition keeps (n : nat) (direction : list Q) (e : term) : bool :=
  if Req_EM_T (slope (real_direction n direction) e) 0 then true else false.

Theorem limit_checker_is_sound : forall c direction, accepted_in_the_limit c direction = true ->
  let P := real_problem c in
  let keep := keeps (variables c) direction in
  ~ attained P /\
  exists best, minimum (kept P keep) best /\ reached_in_the_limit P keep best /\
    (forall i, (i < variables c)%nat -> Q2R (nth i (lower c) 1%Q) <= best i <= Q2R (nth i (upper c) 1%Q)).
Proof.
  intros c direction H P keep. unfold accepted_in_the_limit, accepted_in_the_limit_by in H. split_test H. rename E0 into Hw, E1 into Hrise, E2 into Hfall.
  pose (d := real_direction (variables c) direction).
  rewrite forallb_forall in Hw, Hrise.
  assert (well_formed P) as Hwf.
  { split; [apply seq_NoDup|]. intros e He. simpl in He. apply in_map_iff in He. destruct He as (s & <- & Hs).
    apply well_formed_real. auto. }
  assert (falling P d) as Hd.
  { split.
    - intros i Hi. unfold d, real_direction. simpl in Hi. rewrite in_all_variables in Hi. rewrite entry_outside by lia. apply Q2R_0.
    - intros e He Hc. simpl in He. apply in_map_iff in He. destruct He as (s & <- & Hs).
      assert (Hr := Hrise s Hs). unfold does_not_rise in Hr. destruct (is_zero s) eqn:Hz; [apply is_zero_real in Hz; lra|].
      apply le_real in Hr. rewrite rate_real, Q2R_0 in Hr. exact Hr. }
  assert (kept P keep = real_problem (remaining c direction)) as Ek.
  { unfold kept, real_problem, P. simpl. f_equal. rewrite filter_map. f_equal. apply filter_ext. intros e.
    unfold keep, keeps, stays. fold d. destruct (Req_EM_T (slope d (real_term e)) 0) as [Hs|Hs].
    - symmetry. apply eq_real. rewrite rate_real, Q2R_0. exact Hs.
    - destruct (Qeq_bool (rate (variables c) direction e) 0) eqn:Hq; [|reflexivity].
      apply eq_real in Hq. rewrite rate_real, Q2R_0 in Hq. contradiction. }
  split.
  - apply (not_attained_certificate P d Hwf Hd). apply existsb_exists in Hfall. destruct Hfall as (s & Hs & Hf).
    unfold falls in Hf. destruct (is_zero s) eqn:Hz; [discriminate|]. apply Bool.negb_true_iff in Hf.
    exists (real_term s). split; [apply in_map; exact Hs|]. split; [apply nonzero_positive; auto|].
    assert (Q2R (rate (variables c) direction s) < Q2R 0) as Hlt.
    { apply Qlt_Rlt. apply Qnot_le_lt. intros Hle. apply Qle_bool_iff in Hle. congruence. }
    rewrite rate_real, Q2R_0 in Hlt. exact Hlt.
  - destruct (checker_is_sound _ H) as (best & _ & Hmin & Hin & _). exists best. rewrite Ek. split; [exact Hmin|]. split.
    + apply (limit_certificate P d); auto; [|rewrite Ek; exact Hmin].
      intros e _ _. unfold keep, keeps. fold d. destruct (Req_EM_T (slope d e) 0) as [Hs|Hs]; split; intros E'; auto; discriminate.
    + exact Hin.
Qed.

(** The same, with the synapses of each unit found once and for all: what runs outside of the proof assistant *)

Definition touches (i : nat) (e : rational_term) : bool := orb (comes_in i e) (goes_out i e).

Definition place (i : nat) : BinNums.positive := Pos.of_succ_nat i.

Definition bucket (m : PositiveMap.t (list rational_term)) (i : nat) : list rational_term :=
  match PositiveMap.find (place i) m with Some l => l | None => [] end.

Definition put (i : nat) (e : rational_term) (m : PositiveMap.t (list rational_term)) : PositiveMap.t (list rational_term) :=
  PositiveMap.add (place i) (e :: bucket m i) m.

Definition index (l : list rational_term) : PositiveMap.t (list rational_term) :=
  fold_right (fun e m => if (from e =? to e)%nat then m else put (from e) e (put (to e) e m)) (PositiveMap.empty _) l.

(* Sums are not reduced here: multiplication is cheap outside, and common divisors are not. *)
Fixpoint sum_unreduced (selected : rational_term -> bool) (f : rational_term -> Q) (l : list rational_term) : Q :=
  match l with
  | [] => 0%Q
  | e :: rest => if selected e then (f e + sum_unreduced selected f rest)%Q else sum_unreduced selected f rest
  end.

Definition input_unreduced (n : nat) (l : list rational_term) (point : list Q) (i : nat) : Q :=
  sum_unreduced (comes_in i) (fun e => (natural (to_exponent e) * value n point e)%Q) l.
Definition output_unreduced (n : nat) (l : list rational_term) (point : list Q) (i : nat) : Q :=
  sum_unreduced (goes_out i) (fun e => (natural (from_exponent e) * value n point e)%Q) l.

Definition sign_test_of (c : claim) (m : PositiveMap.t (list rational_term)) (i : nat) : bool :=
  if held c i then true
  else
    let l := bucket m i in
    if Qle_bool (input_unreduced (variables c) l (lower c) i) (output_unreduced (variables c) l (lower c) i) then
      Qle_bool (output_unreduced (variables c) l (upper c) i) (input_unreduced (variables c) l (upper c) i)
    else false.

Definition indexed_sign_tests (c : claim) : bool :=
  let m := index (synapses c) in forallb (sign_test_of c m) (all_variables c).

Definition accepted_indexed (c : claim) : bool := accepted_by indexed_sign_tests c.

Definition accepted_indexed_in_the_limit (c : claim) (direction : list Q) : bool :=
  accepted_in_the_limit_by indexed_sign_tests c direction.

Lemma place_injective : forall i j, place i = place j -> i = j.
Proof. intros i j H. apply SuccNat2Pos.inj. exact H. Qed.

Lemma bucket_put : forall i j e m, bucket (put j e m) i = if (i =? j)%nat then e :: bucket m j else bucket m i.
Proof.
  intros i j e m. unfold bucket at 1, put. destruct (Nat.eqb_spec i j) as [->|Hne].
  - rewrite PositiveMap.gss. reflexivity.
  - rewrite PositiveMap.gso; [reflexivity|]. intros H. apply Hne. apply place_injective. exact H.
Qed.

Lemma bucket_of_index : forall l i, bucket (index l) i = filter (touches i) l.
Proof.
  induction l as [|e l IH]; intros i.
  - unfold bucket, index. simpl. rewrite PositiveMap.gempty. reflexivity.
  - simpl. unfold touches at 1, comes_in, goes_out. destruct (Nat.eqb_spec (from e) (to e)) as [E|Hne].
    + rewrite E. destruct (to e =? i)%nat; simpl; apply IH.
    + rewrite !bucket_put. rewrite (Nat.eqb_sym i (from e)), (Nat.eqb_sym i (to e)), !IH.
      destruct (Nat.eqb_spec (from e) i) as [Ef|Ef], (Nat.eqb_spec (to e) i) as [Et|Et]; simpl.
      * exfalso. apply Hne. congruence.
      * destruct (Nat.eqb_spec (from e) (to e)); [contradiction|]. rewrite Ef. reflexivity.
      * rewrite Et. reflexivity.
      * reflexivity.
Qed.

Lemma sum_unreduced_filter : forall selected wider f l, (forall e, selected e = true -> wider e = true) ->
  (sum_unreduced selected f (filter wider l) == sum_where selected f l)%Q.
Proof.
  intros selected wider f l H. induction l as [|e l IH]; [reflexivity|]. cbn [filter sum_where]. destruct (wider e) eqn:W; cbn [sum_unreduced].
  - destruct (selected e); [rewrite Qred_correct, IH; reflexivity|exact IH].
  - destruct (selected e) eqn:S; [apply H in S; congruence|exact IH].
Qed.

Lemma Qle_bool_same : forall a b a' b', (a == a')%Q -> (b == b')%Q -> Qle_bool a b = Qle_bool a' b'.
Proof.
  intros a b a' b' Ha Hb. destruct (Qle_bool a b) eqn:E, (Qle_bool a' b') eqn:E'; try reflexivity; exfalso.
  - apply Qle_bool_iff in E. rewrite Ha, Hb in E. apply Qle_bool_iff in E. congruence.
  - apply Qle_bool_iff in E'. rewrite <- Ha, <- Hb in E'. apply Qle_bool_iff in E'. congruence.
Qed.

Lemma sign_test_of_index : forall c i, sign_test_of c (index (synapses c)) i = sign_test c i.
Proof.
  intros c i. unfold sign_test_of, sign_test. cbv zeta. rewrite bucket_of_index.
  assert (Hin : forall point, (input_unreduced (variables c) (filter (touches i) (synapses c)) point i == input_sum (variables c) (synapses c) point i)%Q).
  { intros point. apply sum_unreduced_filter. intros e H. unfold touches. rewrite H. reflexivity. }
  assert (Hout : forall point, (output_unreduced (variables c) (filter (touches i) (synapses c)) point i == output_sum (variables c) (synapses c) point i)%Q).
  { intros point. apply sum_unreduced_filter. intros e H. unfold touches. rewrite H. apply Bool.orb_true_r. }
  rewrite (Qle_bool_same _ _ _ _ (Hin (lower c)) (Hout (lower c))), (Qle_bool_same _ _ _ _ (Hout (upper c)) (Hin (upper c))). reflexivity.
Qed.

Lemma forallb_same : forall (f g : nat -> bool) l, (forall i, f i = g i) -> forallb f l = forallb g l.
Proof. intros f g l H. induction l as [|i l IH]; simpl; [reflexivity|]. rewrite H, IH. reflexivity. Qed.

(* The same verdicts. *)
Theorem indexed_checker_agrees : forall c direction,
  accepted_indexed c = accepted c /\ accepted_indexed_in_the_limit c direction = accepted_in_the_limit c direction.
Proof.
  assert (H : forall c, accepted_indexed c = accepted c).
  { intros c. unfold accepted_indexed, accepted, accepted_by, indexed_sign_tests, sign_tests. cbv zeta.
    rewrite (forallb_same (sign_test_of c (index (synapses c))) (sign_test c)) by (apply sign_test_of_index). reflexivity. }
  intros c direction. split; [apply H|]. specialize (H (remaining c direction)).
  unfold accepted_indexed_in_the_limit, accepted_in_the_limit, accepted_in_the_limit_by, accepted_indexed, accepted in *. rewrite H. reflexivity.
Qed.
