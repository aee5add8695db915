(* With 1/S <= Λ <= S prescribed there is one solution; the step becomes clamp(T), still monotone, so that convergence and the
   comparison principle carry over, with the sign test relaxed at units at a bound.

   Corrected: With 1/S <= Λ <= S prescribed there is one solution if non-zero synapses join every hidden unit to the ground; the step becomes clamp(T), still
   monotone, so that convergence and the comparison principle carry over, with the sign test relaxed at units at a bound. Away from
   the ground Λ is not unique.

   Each unit may have bounds of its own; S only has to make the lower ones at most the upper ones. Any finite list of terms
   (general/balancing_problem.v), units of any positive degree and mixtures included. No attained minimum is needed. A step is any
   change of one unit's multiplier, within its bounds, after which the unit is balanced or at the bound that it would pass;
   clamped_step is the step of L_p; not_unique_away_from_the_ground has two units that feed each other and nothing else. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity box_solution convergence steps.
Import ListNotations.
Open Scope R_scope.

Definition bounds (P : problem) (lower upper : nat -> R) : Prop :=
  multipliers P lower /\ multipliers P upper /\ forall i, lower i <= upper i.

Definition inside (lower upper mu : nat -> R) : Prop := forall i, lower i <= mu i <= upper i.

(* The unit is balanced, or at a bound that it would pass. *)
Definition settled (P : problem) (lower upper mu : nat -> R) (i : nat) : Prop :=
  (lower i < mu i -> input_cost P mu i <= output_cost P mu i) /\
  (mu i < upper i -> output_cost P mu i <= input_cost P mu i).

Definition bounded_step (P : problem) (lower upper : nat -> R) (i : nat) (mu mu' : nat -> R) : Prop :=
  (forall k, k <> i -> mu' k = mu k) /\ lower i <= mu' i <= upper i /\ settled P lower upper mu' i.

Lemma inside_multipliers : forall P lower upper mu,
  bounds P lower upper -> inside lower upper mu -> multipliers P mu.
Proof.
  intros P lower upper mu (Hl & Hu & _) H. split; intros i.
  - specialize (H i). assert (0 < lower i) by apply Hl. lra.
  - intros Hi. specialize (H i). rewrite (proj2 Hl i Hi), (proj2 Hu i Hi) in H. lra.
Qed.

Lemma log_lt : forall a b, 0 < a -> 0 < b -> (ln a < ln b <-> a < b).
Proof.
  intros a b Ha Hb. split; intros H; [|apply ln_increasing; assumption].
  destruct (Rlt_or_le a b) as [|Hle]; [assumption|]. apply log_le in Hle; lra.
Qed.

Lemma box_log : forall P lower upper, bounds P lower upper -> box P (log_of lower) (log_of upper).
Proof.
  intros P lower upper (Hl & Hu & Hle). split; [|split]; try (apply potential_log; assumption).
  intros i. apply log_le; [apply Hl|apply Hu|apply Hle].
Qed.

Lemma within_log : forall P lower upper mu,
  bounds P lower upper -> inside lower upper mu -> within (log_of lower) (log_of upper) (log_of mu).
Proof.
  intros P lower upper mu Hb Hin i. assert (Hm := inside_multipliers P lower upper mu Hb Hin).
  destruct Hb as (Hl & Hu & _). specialize (Hin i). split; apply log_le; try apply Hl; try apply Hu; try apply Hm; lra.
Qed.

Lemma settled_log : forall P lower upper mu i,
  bounds P lower upper -> 0 < mu i ->
  (settled P lower upper mu i <->
   (log_of lower i < log_of mu i -> input P (log_of mu) i <= output P (log_of mu) i) /\
   (log_of mu i < log_of upper i -> output P (log_of mu) i <= input P (log_of mu) i)).
Proof.
  intros P lower upper mu i (Hl & Hu & _) Hm. unfold settled. rewrite !input_log, !output_log.
  assert (log_of lower i < log_of mu i <-> lower i < mu i) as -> by (apply log_lt; [apply Hl|exact Hm]).
  assert (log_of mu i < log_of upper i <-> mu i < upper i) as -> by (apply log_lt; [exact Hm|apply Hu]).
  reflexivity.
Qed.

Theorem bounded_scalings : forall P lower upper,
  well_formed P -> all_grounded P -> bounds P lower upper ->
  exists best,
    inside lower upper best /\ (forall i, In i (hidden P) -> settled P lower upper best i) /\
    (forall mu, inside lower upper mu -> regularizer P best <= regularizer P mu) /\
    (forall mu, inside lower upper mu -> (forall i, In i (hidden P) -> settled P lower upper mu i) -> forall i, mu i = best i) /\
    (forall mu, inside lower upper mu -> regularizer P mu <= regularizer P best -> forall i, mu i = best i) /\
    (forall mu, inside lower upper mu ->
       (forall i, In i (hidden P) -> lower i < mu i -> input_cost P mu i <= output_cost P mu i) -> forall i, mu i <= best i) /\
    (forall mu, inside lower upper mu ->
       (forall i, In i (hidden P) -> mu i < upper i -> output_cost P mu i <= input_cost P mu i) -> forall i, best i <= mu i) /\
    (forall order mu, fair (hidden P) order -> inside lower upper (mu O) ->
       (forall t, bounded_step P lower upper (order t) (mu t) (mu (S t))) ->
       forall i, Un_cv (fun t => mu t i) (best i)).
Proof.
  intros P lower upper Hwf Hg Hb. assert (Hbox := box_log P lower upper Hb).
  destruct (balanced_within_exists P _ _ Hwf Hbox) as (x & Hx). exists (exp_of x).
  assert (forall i, log_of (exp_of x) i = x i) as Elog by apply log_exp.
  assert (Hxp := within_potential P _ _ x Hbox (proj1 Hx)).
  assert (inside lower upper (exp_of x)) as Hin.
  { intros i. destruct Hx as [Hw _]. specialize (Hw i). destruct Hb as (Hl & Hu & _). unfold log_of, exp_of in *.
    split; apply log_le; rewrite ?ln_exp; try apply exp_pos; try apply Hl; try apply Hu; lra. }
  assert (forall mu, inside lower upper mu ->
    (forall i, In i (hidden P) -> lower i < mu i -> input_cost P mu i <= output_cost P mu i) -> forall i, mu i <= exp_of x i) as Hbelow.
  { intros mu Hmu Ht i. assert (Hm := inside_multipliers P lower upper mu Hb Hmu).
    apply log_le; [apply Hm|apply exp_pos|]. unfold exp_of. rewrite ln_exp.
    apply (comparison_log P (log_of mu) x); auto; [apply potential_log; exact Hm|].
    intros j Hj Hlt. destruct Hx as [Hw Hbal]. assert (Hwj := Hw j). assert (Hmj := within_log P lower upper mu Hb Hmu j).
    split.
    - rewrite <- input_log, <- output_log. apply Ht; [exact Hj|]. apply log_lt; [apply Hb|apply Hm|]. unfold log_of in *. lra.
    - apply (Hbal j Hj). lra. }
  assert (forall mu, inside lower upper mu ->
    (forall i, In i (hidden P) -> mu i < upper i -> output_cost P mu i <= input_cost P mu i) -> forall i, exp_of x i <= mu i) as Habove.
  { intros mu Hmu Ht i. assert (Hm := inside_multipliers P lower upper mu Hb Hmu).
    apply log_le; [apply exp_pos|apply Hm|]. unfold exp_of. rewrite ln_exp.
    apply (comparison_log P x (log_of mu)); auto; [apply potential_log; exact Hm|].
    intros j Hj Hlt. destruct Hx as [Hw Hbal]. assert (Hwj := Hw j). assert (Hmj := within_log P lower upper mu Hb Hmu j).
    split; [apply (Hbal j Hj); lra|].
    rewrite <- input_log, <- output_log. apply Ht; [exact Hj|]. apply log_lt; [apply Hm|apply Hb|]. unfold log_of in *. lra. }
  assert (forall mu, inside lower upper mu -> (forall i, In i (hidden P) -> settled P lower upper mu i) ->
    forall i, mu i = exp_of x i) as Huniq.
  { intros mu Hmu Hset i. apply Rle_antisym; [apply Hbelow|apply Habove]; auto; intros j Hj; apply (Hset j Hj). }
  assert (forall mu, inside lower upper mu -> total P x <= total P (log_of mu) /\
    (total P (log_of mu) <= total P x -> forall e, In e (terms P) -> 0 < cost e -> slope (log_of mu) e = slope x e)) as Hmin.
  { intros mu Hmu. apply (balanced_within_minimum P _ _ x _ Hwf Hbox Hx). apply (within_log P); assumption. }
  split; [exact Hin|]. split; [|split; [|split; [exact Huniq|split; [|split; [exact Hbelow|split; [exact Habove|]]]]]].
  - intros i Hi. unfold settled. rewrite input_log, output_log, (input_ext P _ x), (output_ext P _ x) by exact Elog.
    destruct Hx as [_ Hbal]. destruct (Hbal i Hi) as [H1 H2]. destruct Hb as (Hl & Hu & _). unfold log_of, exp_of in *.
    split; intros H; [apply H1|apply H2].
    + rewrite <- (ln_exp (x i)). apply log_lt; [apply Hl|apply exp_pos|exact H].
    + rewrite <- (ln_exp (x i)). apply log_lt; [apply exp_pos|apply Hu|exact H].
  - intros mu Hmu. rewrite !regularizer_log, (total_ext P (log_of (exp_of x)) x) by exact Elog. apply Hmin. exact Hmu.
  - intros mu Hmu Hle i. rewrite !regularizer_log, (total_ext P (log_of (exp_of x)) x) in Hle by exact Elog.
    assert (Hm := inside_multipliers P lower upper mu Hb Hmu).
    apply log_injective; [apply Hm|intros k; apply exp_pos|]. rewrite Elog.
    assert (minus (log_of mu) x i = 0) as E; [|unfold minus in E; lra].
    apply (grounded_zero P); auto.
    + intros k Hk. unfold minus. rewrite (potential_log P mu Hm k Hk), (Hxp k Hk). ring.
    + intros e He Hc. rewrite slope_minus, (proj2 (Hmin mu Hmu) Hle e He Hc). ring.
    + apply all_grounded_all. exact Hg.
  - intros order mu Hfair Hstart Hstep i.
    assert (forall t, inside lower upper (mu t)) as Hall.
    { induction t as [|t IH]; [exact Hstart|]. intros k. destruct (Hstep t) as (Hk & Hr & _).
      destruct (Nat.eq_dec k (order t)) as [->|Hne]; [exact Hr|]. rewrite Hk by exact Hne. apply IH. }
    assert (forall t, multipliers P (mu t)) as Hm by (intros t; apply (inside_multipliers P lower upper); auto).
    assert (Un_cv (fun t => log_of (mu t) i) (x i)) as Hlog.
    { intros e He.
      destruct (fair_orders_within P _ _ x order (fun t => log_of (mu t)) Hwf Hg Hbox Hx Hfair) with (e := e / 2) as (N & HN).
      - apply (within_log P); auto.
      - intros t. destruct (Hstep t) as (Hk & Hr & Hset). split; [|split].
        + intros k Hne. unfold log_of. rewrite Hk by exact Hne. reflexivity.
        + apply (within_log P lower upper (mu (S t))); auto.
        + apply (settled_log P lower upper); auto. apply Hm.
      - lra.
      - exists N. intros t Ht. specialize (HN t Ht i). unfold R_dist. lra. }
    apply (Un_cv_ext (fun t => exp (log_of (mu t) i))); [intros t; apply exp_ln; apply Hm|].
    apply (continuity_seq exp (fun t => log_of (mu t) i) (x i)); [apply derivable_continuous_pt, derivable_pt_exp|exact Hlog].
Qed.

(* The step of L_p is clamp(T). *)
Theorem clamped_step : forall P lower upper mu i,
  plain P -> well_formed P -> In i (hidden P) -> bounds P lower upper -> inside lower upper mu ->
  0 < input_cost P mu i -> 0 < output_cost P mu i ->
  bounded_step P lower upper i mu
    (fun k => if (k =? i)%nat then Rmax (lower i) (Rmin (upper i) (balanced_at P i mu i)) else mu k).
Proof.
  intros P lower upper mu i Hp Hwf Hi Hb Hin HA HB.
  assert (Hm := inside_multipliers P lower upper mu Hb Hin).
  assert (Hs := plain_step P mu i Hp (proj1 Hm) HA HB).
  assert (Hpos := balances_positive P i mu _ (proj1 Hm) Hs).
  pose (T := balanced_at P i mu). fold T in Hs, Hpos. fold T.
  pose (mu' := fun k => if (k =? i)%nat then Rmax (lower i) (Rmin (upper i) (T i)) else mu k). fold mu'.
  destruct Hs as (Hk & _ & Hbal). destruct Hb as (Hl & Hu & Hle). specialize (Hle i).
  assert (mu' i = Rmax (lower i) (Rmin (upper i) (T i))) as Ei by (unfold mu'; rewrite Nat.eqb_refl; reflexivity).
  assert (forall k, k <> i -> mu' k = mu k) as Eo.
  { intros k Hne. unfold mu'. destruct (Nat.eqb_spec k i); [contradiction|reflexivity]. }
  assert (lower i <= mu' i) as H1 by (rewrite Ei; apply Rmax_l).
  assert (mu' i <= upper i) as H2 by (rewrite Ei; apply Rmax_lub; [exact Hle|apply Rmin_l]).
  assert (0 < mu' i) as Hpi by (assert (0 < lower i) by apply Hl; lra).
  assert (forall j, j <> i -> log_of T j = log_of mu' j) as Elog by (intros j Hj; unfold log_of; rewrite Eo, Hk by exact Hj; reflexivity).
  split; [exact Eo|split; [lra|]]. split; intros H; rewrite input_log, output_log; rewrite input_log, output_log in Hbal.
  - assert (mu' i <= T i) as Hle'.
    { rewrite Ei in H |- *. unfold Rmax, Rmin in *. destruct (Rle_dec (upper i) (T i)), (Rle_dec (lower i) _); lra. }
    assert (log_of mu' i <= log_of T i) by (apply log_le; auto).
    assert (input P (log_of mu') i <= input P (log_of T) i) by (apply input_le; auto; intros j Hj; rewrite Elog by exact Hj; lra).
    assert (output P (log_of T) i <= output P (log_of mu') i) by (apply output_le; auto; intros j Hj; rewrite Elog by exact Hj; lra).
    lra.
  - assert (T i <= mu' i) as Hle'.
    { rewrite Ei in H |- *. unfold Rmax, Rmin in *. destruct (Rle_dec (upper i) (T i)), (Rle_dec (lower i) _); lra. }
    assert (log_of T i <= log_of mu' i) by (apply log_le; auto).
    assert (input P (log_of T) i <= input P (log_of mu') i) by (apply input_le; auto; intros j Hj; rewrite Elog by exact Hj; lra).
    assert (output P (log_of mu') i <= output P (log_of T) i) by (apply output_le; auto; intros j Hj; rewrite Elog by exact Hj; lra).
    lra.
Qed.

(* All multipliers that are common to both units are solutions. *)
Definition pair : problem := Problem [0%nat; 1%nat] [Term 0 1 1 1 1; Term 1 0 1 1 1].
Definition both (m : R) (i : nat) : R := match i with 0%nat | 1%nat => m | _ => 1 end.

Theorem not_unique_away_from_the_ground :
  let lower := both (1 / 2) in let upper := both 2 in
  bounds pair lower upper /\
  (forall m, 1 / 2 <= m <= 2 ->
     inside lower upper (both m) /\ (forall i, In i (hidden pair) -> settled pair lower upper (both m) i) /\
     forall mu, multipliers pair mu -> regularizer pair (both m) <= regularizer pair mu) /\
  both 1 0%nat <> both 2 0%nat.
Proof.
  intros lower upper.
  assert (Hpos : forall m i, 0 < m -> 0 < both m i) by (intros m [|[|i]] H; simpl; lra).
  assert (Hone : forall m i, ~ In i (hidden pair) -> both m i = 1).
  { intros m [|[|i]] H; simpl in *; [exfalso; tauto|exfalso; tauto|reflexivity]. }
  assert (Hb : bounds pair lower upper).
  { split; [|split]; try (split; [intros i; apply Hpos; lra|apply Hone]).
    intros [|[|i]]; unfold lower, upper; simpl; lra. }
  split; [exact Hb|]. split; [|simpl; lra]. intros m Hm. split; [|split].
  - intros [|[|i]]; unfold lower, upper; simpl; lra.
  - intros i Hi. assert (E : input_cost pair (both m) i = output_cost pair (both m) i).
    { destruct Hi as [<-|[<-|[]]]; unfold input_cost, output_cost, cost_at; simpl; rewrite !Rpower_1 by lra; lra. }
    split; intros _; lra.
  - intros mu [Hmu _]. unfold regularizer, cost_at. simpl. rewrite !Rpower_1 by (try apply Hmu; lra).
    assert (H0 := Hmu 0%nat). assert (H1 := Hmu 1%nat).
    apply Rmult_le_reg_r with (m * m * (mu 0%nat * mu 1%nat)); [repeat apply Rmult_lt_0_compat; lra|].
    replace ((1 * (m / m) + (1 * (m / m) + 0)) * (m * m * (mu 0%nat * mu 1%nat))) with (2 * m * m * (mu 0%nat * mu 1%nat)) by (field; lra).
    replace ((1 * (mu 1%nat / mu 0%nat) + (1 * (mu 0%nat / mu 1%nat) + 0)) * (m * m * (mu 0%nat * mu 1%nat)))
      with (m * m * (mu 0%nat * mu 0%nat + mu 1%nat * mu 1%nat)) by (field; lra).
    assert (0 <= (mu 0%nat - mu 1%nat) * (mu 0%nat - mu 1%nat)) by apply Rle_0_sqr.
    assert (0 < m * m) by (apply Rmult_lt_0_compat; lra). nra.
Qed.
