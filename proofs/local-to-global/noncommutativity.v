(* If no non-zero synapse joins hidden units i and j, balancing them commutes. If one does, and either has a non-zero synapse with a
   third unit, they commute if and only if both are already balanced. Two units joined to each other alone always commute.

   Hypotheses: i != j, A, B > 0 at both. To commute means that all weights come out the same. The first two statements hold for any
   finite list of terms (general/balancing_problem.v), units of any positive degree and mixtures included; the third for
   units of degree 1. A step is any change of one unit's multiplier after which that unit is balanced (`balances`); noncommutativity_in_closed_form
   has the step of L_p, mu_i sqrt(B_i / A_i). Visible units are third units. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence steps.
Import ListNotations.
Open Scope R_scope.

Lemma joined_sym : forall P i j, joined P i j -> joined P j i.
Proof. intros P i j (e & Hin & Hc & H). exists e. tauto. Qed.

(* What unit i costs does not depend on units that it is not joined to. *)
Lemma input_ignores : forall P x y i,
  well_formed P -> x i = y i -> (forall k, joined P i k -> x k = y k) -> input P x i = input P y i.
Proof.
  intros P x y i Hwf Hi Hk. apply sum_over_ext. intros e Hin. destruct (enters i e) eqn:E; [|reflexivity].
  apply enters_true in E. destruct E as [Et Es].
  destruct (proj2 Hwf e Hin) as ([Hc|Hc] & _); [|unfold term_at; rewrite <- Hc; ring].
  unfold term_at, slope. rewrite Et, Hi, (Hk (source e)); [reflexivity|]. exists e. auto.
Qed.

Lemma output_ignores : forall P x y i,
  well_formed P -> x i = y i -> (forall k, joined P i k -> x k = y k) -> output P x i = output P y i.
Proof.
  intros P x y i Hwf Hi Hk. rewrite <- !input_reversed. apply input_ignores.
  - apply well_formed_reversed, Hwf.
  - unfold negated. rewrite Hi. reflexivity.
  - intros k (e & Hin & Hc & H). unfold negated. rewrite Hk; [reflexivity|].
    simpl in Hin. apply in_map_iff in Hin. destruct Hin as (d & <- & Hd). exists d. simpl in *. tauto.
Qed.

Section Two.

Variables (P : problem) (i j : nat) (x xi xij xj xji : nat -> R).
Hypothesis Hwf : well_formed P.
Hypothesis Hne : i <> j.
Hypothesis HA : 0 < input P x i.
Hypothesis HA' : 0 < input P x j.
Hypothesis Hi : step P i x xi.
Hypothesis Hij : step P j xi xij.
Hypothesis Hj : step P j x xj.
Hypothesis Hji : step P i xj xji.

Lemma positive_elsewhere : forall k y z, 0 < input P y k -> 0 < input P z k.
Proof.
  intros k y z H. apply input_positive_iff in H; [|exact Hwf]. apply input_positive_iff; assumption.
Qed.

Lemma values : xij i = xi i /\ xij j = xij j /\ xji j = xj j /\ xi j = x j /\ xj i = x i.
Proof.
  destruct Hi as [H1 _], Hij as [H2 _], Hj as [H3 _], Hji as [H4 _].
  repeat split; auto.
Qed.

Lemma elsewhere : forall k, k <> i -> k <> j -> xij k = x k /\ xji k = x k.
Proof.
  intros k H H'. destruct Hi as [H1 _], Hij as [H2 _], Hj as [H3 _], Hji as [H4 _].
  rewrite H2, H1, H4, H3 by auto. auto.
Qed.

Lemma apart_commute : ~ joined P i j -> forall k, xij k = xji k.
Proof.
  intros Hno.
  assert (step P i x (moved x i (xji i))) as Hsi.
  { split; [intros k Hk; apply moved_other; exact Hk|].
    rewrite (input_ignores P _ xji), (output_ignores P _ xji); try exact Hwf; try (apply moved_same); try apply Hji.
    all: intros k Hk; destruct (Nat.eq_dec k i) as [->|Hki]; [apply moved_same|].
    all: rewrite moved_other by exact Hki; destruct (Nat.eq_dec k j) as [->|Hkj]; [contradiction|].
    all: symmetry; apply elsewhere; assumption. }
  assert (step P j x (moved x j (xij j))) as Hsj.
  { split; [intros k Hk; apply moved_other; exact Hk|].
    rewrite (input_ignores P _ xij), (output_ignores P _ xij); try exact Hwf; try (apply moved_same); try apply Hij.
    all: intros k Hk; destruct (Nat.eq_dec k j) as [->|Hkj]; [apply moved_same|].
    all: rewrite moved_other by exact Hkj; destruct (Nat.eq_dec k i) as [->|Hki];
      [apply joined_sym in Hk; contradiction|].
    all: symmetry; apply elsewhere; assumption. }
  assert (Ei := step_unique P i x _ _ Hwf (or_introl HA) Hi Hsi i). rewrite moved_same in Ei.
  assert (Ej := step_unique P j x _ _ Hwf (or_introl HA') Hj Hsj j). rewrite moved_same in Ej.
  destruct values as (V1 & _ & V2 & _). intros k.
  destruct (Nat.eq_dec k i) as [->|Hki]; [congruence|]. destruct (Nat.eq_dec k j) as [->|Hkj]; [congruence|].
  destruct (elsewhere k Hki Hkj). congruence.
Qed.

(* A step at a balanced unit changes nothing. *)
Lemma balanced_stays : forall k y y', 0 < input P y k -> input P y k = output P y k -> step P k y y' -> forall m, y' m = y m.
Proof.
  intros k y y' Hpos Hb Hs. apply (step_unique P k y); auto. split; auto.
Qed.

Lemma balanced_commute :
  input P x i = output P x i -> input P x j = output P x j -> forall k, xij k = xji k.
Proof.
  intros Hbi Hbj.
  assert (Exi := balanced_stays i x xi HA Hbi Hi). assert (Exj := balanced_stays j x xj HA' Hbj Hj).
  assert (forall k, xij k = xi k) as E1.
  { apply (balanced_stays j xi); [apply (positive_elsewhere j x); exact HA'| |exact Hij].
    rewrite (input_ext P xi x), (output_ext P xi x) by exact Exi. exact Hbj. }
  assert (forall k, xji k = xj k) as E2.
  { apply (balanced_stays i xj); [apply (positive_elsewhere i x); exact HA| |exact Hji].
    rewrite (input_ext P xj x), (output_ext P xj x) by exact Exj. exact Hbi. }
  intros k. rewrite E1, E2, Exi, Exj. reflexivity.
Qed.

(* Both units end where one step of each would have led, so neither had to move. *)
Lemma commute_balanced : joined P i j -> (forall k, xij k = xji k) ->
  input P x i = output P x i /\ input P x j = output P x j.
Proof.
  intros Hjoin E. destruct values as (V1 & _ & V2 & V3 & V4).
  assert (forall a b u v y z, a <> b -> joined P a b -> y a = z a -> (forall k, k <> a -> k <> b -> y k = z k) ->
    y b = u -> z b = v -> input P y a = output P y a -> input P z a = output P z a -> u = v) as Hsame.
  { intros a b u v y z Hab Hjab Ha Hk <- <- Hy Hz.
    destruct (Rtotal_order (y b) (z b)) as [H|[H|H]]; [|exact H|]; exfalso.
    - assert (input P z a - output P z a < input P y a - output P y a); [|lra].
      apply (joined_strict P y z a b); auto. intros k Hka.
      destruct (Nat.eq_dec k b) as [->|Hkb]; [lra|rewrite Hk by assumption; lra].
    - assert (input P y a - output P y a < input P z a - output P z a); [|lra].
      apply (joined_strict P z y a b); auto. intros k Hka.
      destruct (Nat.eq_dec k b) as [->|Hkb]; [lra|rewrite Hk by assumption; lra]. }
  assert (x j = xj j) as Ej.
  { apply (Hsame i j (x j) (xj j) xi xji); auto.
    - rewrite <- V1. apply E.
    - intros k Hki Hkj. destruct (elsewhere k Hki Hkj) as [_ ->]. apply Hi. exact Hki.
    - apply Hi.
    - apply Hji. }
  assert (x i = xi i) as Ei.
  { apply (Hsame j i (x i) (xi i) xj xij); auto using joined_sym.
    - rewrite <- V2. symmetry. apply E.
    - intros k Hkj Hki. destruct (elsewhere k Hki Hkj) as [-> _]. apply Hj. exact Hkj.
    - apply Hj.
    - apply Hij. }
  assert (forall k, x k = xi k) as Exi.
  { intros k. destruct (Nat.eq_dec k i) as [->|Hk]; [exact Ei|]. symmetry. apply Hi. exact Hk. }
  assert (forall k, x k = xj k) as Exj.
  { intros k. destruct (Nat.eq_dec k j) as [->|Hk]; [exact Ej|]. symmetry. apply Hj. exact Hk. }
  split.
  - rewrite (input_ext P x xi), (output_ext P x xi) by exact Exi. apply Hi.
  - rewrite (input_ext P x xj), (output_ext P x xj) by exact Exj. apply Hj.
Qed.

(* Equal weights are equal multipliers if a third unit ties the two down. *)
Lemma weights_decide : joined P i j -> (exists k, k <> i /\ k <> j /\ (joined P i k \/ joined P j k)) ->
  (forall e, In e (terms P) -> term_at xij e = term_at xji e) -> forall k, xij k = xji k.
Proof.
  intros Hjoin (m & Hmi & Hmj & Hm) He.
  pose (d := minus xij xji).
  assert (forall e, In e (terms P) -> 0 < cost e -> slope d e = 0) as Hs.
  { intros e Hin Hc. unfold d. rewrite slope_minus. specialize (He e Hin). unfold term_at in He.
    apply Rmult_eq_reg_l in He; [|lra]. apply exp_inv in He. lra. }
  assert (d m = 0) as Hdm by (unfold d, minus; destruct (elsewhere m Hmi Hmj) as [-> ->]; ring).
  assert (d i = 0 /\ d j = 0) as [Hdi Hdj].
  { destruct Hm as [Hm|Hm].
    - assert (d i = 0) by (apply (joined_zero P d i m); assumption).
      split; [assumption|]. apply (joined_zero P d j i); auto using joined_sym.
    - assert (d j = 0) by (apply (joined_zero P d j m); assumption).
      split; [|assumption]. apply (joined_zero P d i j); auto. }
  intros k. destruct (Nat.eq_dec k i) as [->|Hki]; [unfold d, minus in Hdi; lra|].
  destruct (Nat.eq_dec k j) as [->|Hkj]; [unfold d, minus in Hdj; lra|].
  destruct (elsewhere k Hki Hkj). congruence.
Qed.

Section Alone.

Hypothesis Hhom : homogeneous P.
Hypothesis Halone : forall k, joined P i k \/ joined P j k -> k = i \/ k = j.

Lemma ends_alone : forall e, In e (terms P) -> 0 < cost e ->
  (target e = i \/ target e = j) <-> (source e = i \/ source e = j).
Proof.
  intros e Hin Hc.
  assert (joined P (source e) (target e)) as H1 by (exists e; auto).
  assert (joined P (target e) (source e)) as H2 by (apply joined_sym; exact H1).
  split; intros [E|E]; rewrite E in *; apply Halone; auto.
Qed.

(* What leaves one of the two enters the other. *)
Lemma output_is_input : forall y, output P y i = input P y j /\ output P y j = input P y i.
Proof.
  intros y. split; apply sum_over_ext; intros e Hin.
  all: destruct (proj2 Hwf e Hin) as ([Hc|Hc] & _);
    [|unfold term_at; rewrite <- Hc; destruct (enters i e), (leaves i e), (enters j e), (leaves j e); ring].
  all: destruct (ends_alone e Hin Hc) as [H1 H2]; rewrite (Hhom e Hin); unfold enters, leaves.
  all: destruct (Nat.eqb_spec (source e) i), (Nat.eqb_spec (target e) i), (Nat.eqb_spec (source e) j), (Nat.eqb_spec (target e) j);
    simpl; try reflexivity; exfalso; try tauto; congruence.
Qed.

Lemma both_or_none : forall y, input P y i = output P y i <-> input P y j = output P y j.
Proof. intros y. destruct (output_is_input y) as [E1 E2]. rewrite E1, E2. split; intros H; symmetry; exact H. Qed.

(* Moving both by the same amount changes nothing at either. *)
Definition shifted (y : nat -> R) (s : R) (k : nat) : R := if orb (k =? i)%nat (k =? j)%nat then y k + s else y k.

Lemma shifted_term : forall y s e, In e (terms P) -> term_at (shifted y s) e = term_at y e.
Proof.
  intros y s e Hin. destruct (proj2 Hwf e Hin) as ([Hc|Hc] & _); [|unfold term_at; rewrite <- Hc; ring].
  unfold term_at, slope. rewrite (Hhom e Hin). do 2 f_equal.
  destruct (ends_alone e Hin Hc) as [H1 H2]. unfold shifted.
  destruct (Nat.eqb_spec (source e) i), (Nat.eqb_spec (target e) i), (Nat.eqb_spec (source e) j), (Nat.eqb_spec (target e) j);
    simpl; try ring; exfalso; tauto.
Qed.

Lemma alone_commute : forall e, In e (terms P) -> term_at xij e = term_at xji e.
Proof.
  assert (forall k, xij k = xi k) as E1.
  { apply (balanced_stays j xi); [apply (positive_elsewhere j x); exact HA'| |exact Hij]. apply both_or_none, Hi. }
  assert (forall k, xji k = xj k) as E2.
  { apply (balanced_stays i xj); [apply (positive_elsewhere i x); exact HA| |exact Hji]. apply both_or_none, Hj. }
  pose (s := x j - xj j).
  assert (forall k, xi k = shifted xj s k) as E.
  { apply (step_unique P i x); [exact Hwf|left; exact HA|exact Hi|]. split.
    - intros k Hk. unfold shifted. destruct (Nat.eqb_spec k i); [contradiction|]. simpl.
      destruct (Nat.eqb_spec k j) as [->|Hkj]; [unfold s; ring|apply Hj; exact Hkj].
    - transitivity (input P xj i).
      + apply sum_over_ext. intros e Hin. rewrite shifted_term by exact Hin. reflexivity.
      + transitivity (output P xj i); [apply both_or_none, Hj|].
        apply sum_over_ext. intros e Hin. rewrite shifted_term by exact Hin. reflexivity. }
  intros e Hin. rewrite (term_at_ext xij xi), (term_at_ext xji xj), (term_at_ext xi (shifted xj s)) by assumption.
  apply shifted_term. exact Hin.
Qed.

End Alone.

End Two.

Theorem noncommutativity : forall P i j mu mi mij mj mji,
  well_formed P -> i <> j -> In i (hidden P) -> In j (hidden P) -> multipliers P mu ->
  0 < input_cost P mu i -> 0 < input_cost P mu j ->
  balances P i mu mi -> balances P j mi mij ->
  balances P j mu mj -> balances P i mj mji ->
  let commute := forall e, In e (terms P) -> cost_at mij e = cost_at mji e in
  (~ joined P i j -> commute /\ forall k, mij k = mji k) /\
  (joined P i j -> (exists k, k <> i /\ k <> j /\ (joined P i k \/ joined P j k)) ->
     (commute <-> input_cost P mu i = output_cost P mu i /\ input_cost P mu j = output_cost P mu j)) /\
  (homogeneous P -> (forall k, joined P i k \/ joined P j k -> k = i \/ k = j) -> commute).
Proof.
  intros P i j mu mi mij mj mji Hwf Hne Hi Hj Hmu HA HA' Si Sij Sj Sji commute.
  assert (Hmi := balances_multipliers P i mu mi Hi Hmu Si).
  assert (Hmij := balances_multipliers P j mi mij Hj Hmi Sij).
  assert (Hmj := balances_multipliers P j mu mj Hj Hmu Sj).
  assert (Hmji := balances_multipliers P i mj mji Hi Hmj Sji).
  apply balances_step in Si. apply balances_step in Sij. apply balances_step in Sj. apply balances_step in Sji.
  rewrite input_log in HA, HA'.
  assert ((forall k, log_of mij k = log_of mji k) -> commute) as Hsame.
  { intros E e Hin. rewrite !cost_at_log. apply term_at_ext. exact E. }
  split; [|split].
  - intros Hno.
    assert (E := apart_commute P i j (log_of mu) _ _ _ _ Hwf Hne HA HA' Si Sij Sj Sji Hno).
    split; [exact (Hsame E)|]. intros k. apply log_injective; [apply Hmij|apply Hmji|apply E].
  - intros Hjoin Hthird. rewrite !input_log, !output_log. split.
    + intros Hc.
      apply (commute_balanced P i j (log_of mu) (log_of mi) (log_of mij) (log_of mj) (log_of mji)); auto.
      apply (weights_decide P i j (log_of mu) (log_of mi) _ (log_of mj) _); auto.
      intros e Hin. rewrite <- !cost_at_log. auto.
    + intros [Hbi Hbj]. apply Hsame.
      exact (balanced_commute P i j (log_of mu) _ _ _ _ Hwf HA HA' Si Sij Sj Sji Hbi Hbj).
  - intros Hhom Halone e Hin. rewrite !cost_at_log.
    exact (alone_commute P i j (log_of mu) _ _ _ _ Hwf Hne HA HA' Si Sij Sj Sji Hhom Halone e Hin).
Qed.

Corollary noncommutativity_in_closed_form : forall P i j mu,
  plain P -> well_formed P -> i <> j -> In i (hidden P) -> In j (hidden P) -> multipliers P mu ->
  0 < input_cost P mu i -> 0 < output_cost P mu i -> 0 < input_cost P mu j -> 0 < output_cost P mu j ->
  let first_i := balanced_at P j (balanced_at P i mu) in
  let first_j := balanced_at P i (balanced_at P j mu) in
  let commute := forall e, In e (terms P) -> cost_at first_i e = cost_at first_j e in
  (~ joined P i j -> commute /\ forall k, first_i k = first_j k) /\
  (joined P i j -> (exists k, k <> i /\ k <> j /\ (joined P i k \/ joined P j k)) ->
     (commute <-> input_cost P mu i = output_cost P mu i /\ input_cost P mu j = output_cost P mu j)) /\
  ((forall k, joined P i k \/ joined P j k -> k = i \/ k = j) -> commute).
Proof.
  intros P i j mu Hp Hwf Hne Hi Hj Hmu HAi HBi HAj HBj first_i first_j commute.
  assert (Si := plain_step P mu i Hp (proj1 Hmu) HAi HBi). assert (Sj := plain_step P mu j Hp (proj1 Hmu) HAj HBj).
  assert (balances P j (balanced_at P i mu) first_i) as Sij.
  { apply plain_step; [exact Hp|exact (balances_positive P i mu _ (proj1 Hmu) Si)| |].
    - apply (input_cost_positive P mu); assumption.
    - apply (output_cost_positive P mu); assumption. }
  assert (balances P i (balanced_at P j mu) first_j) as Sji.
  { apply plain_step; [exact Hp|exact (balances_positive P j mu _ (proj1 Hmu) Sj)| |].
    - apply (input_cost_positive P mu); assumption.
    - apply (output_cost_positive P mu); assumption. }
  destruct (noncommutativity P i j mu _ _ _ _ Hwf Hne Hi Hj Hmu HAi HAj Si Sij Sj Sji) as (H1 & H2 & H3).
  exact (conj H1 (conj H2 (H3 (plain_homogeneous P Hp)))).
Qed.
