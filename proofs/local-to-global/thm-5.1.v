(* If every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights converge to the same W*,
   whatever the order.

   Corrected: If the minimum is attained (E6) and every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights
   converge to the same W*, whatever the order. L is unique on non-zero synapses, Λ on components that non-zero synapses join to
   a visible unit.

   thm_5_1 holds for any finite list of terms (general/balancing_problem.v): units of any positive degree, mixtures, tied units,
   recurrent networks, and with fewer hidden units than the network has (the others count as visible), joined to the ground or not.
   A step is any change of one unit's multiplier after which that unit is balanced; balancing_converges has the step of L_p, which is
   defined where non-zero terms join every hidden unit to another unit. Multipliers are those of costs, so for L_p the factor of a
   step is λ*^p. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity box_solution coercive convergence fractions steps minima.
Import ListNotations.
Open Scope R_scope.

Lemma close_converges : forall (u : nat -> R) l,
  (forall e, 0 < e -> exists N, forall t, (N <= t)%nat -> Rabs (u t - l) <= e) -> Un_cv u l.
Proof.
  intros u l H e He. destruct (H (e / 2)) as (N & HN); [lra|]. exists N. intros t Ht.
  unfold R_dist. specialize (HN t Ht). lra.
Qed.

Lemma exp_converges : forall u l, Un_cv u l -> Un_cv (fun t => exp (u t)) (exp l).
Proof.
  intros u l H. apply (continuity_seq exp u l); [|exact H]. apply derivable_continuous_pt, derivable_pt_exp.
Qed.

Lemma constant_converges : forall a, Un_cv (fun _ => a) a.
Proof. intros a e He. exists O. intros t _. unfold R_dist. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. exact He. Qed.

Lemma sum_converges : forall {T} (l : list T) (f : nat -> T -> R) g,
  (forall e, In e l -> Un_cv (fun t => f t e) (g e)) -> Un_cv (fun t => sum_over l (f t)) (sum_over l g).
Proof.
  induction l as [|e l IH]; intros f g H; simpl; [apply constant_converges|].
  apply (CV_plus (fun t => f t e) (fun t => sum_over l (f t))); auto with datatypes.
Qed.

(* Each step may do less than balance its unit, or more, if it gains at least a fraction eta of what the unit can gain. *)
Lemma fractions_converge : forall P best eta order mu,
  well_formed P -> balanced P best -> 0 < eta -> fair (hidden P) order ->
  (forall t, multipliers P (mu t)) -> (forall t k, k <> order t -> mu (S t) k = mu t k) ->
  (forall t v, 0 < v ->
     eta * (regularizer P (mu t) - regularizer P (moved (mu t) (order t) v)) <= regularizer P (mu t) - regularizer P (mu (S t))) ->
  (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
  Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
  ((forall i, In i (hidden P) -> touched P i) -> Un_cv (fun t => mu (S t) (order t) / mu t (order t)) 1) /\
  (forall i, grounded P i -> Un_cv (fun t => mu t i) (best i)) /\
  (forall e, In e (terms P) -> Un_cv (fun t => cost_at (mu t) e) (cost_at best e)).
Proof.
  intros P best eta order mu Hwf Hb Heta Hfair Hmu Hkeep Hgain.
  assert (Hs := stationary_log P best Hb). set (X := fun t => log_of (mu t)).
  assert (forall t, potential P (X t)) as Hpot by (intros; apply potential_log; apply Hmu).
  assert (forall t k, k <> order t -> X (S t) k = X t k) as HkeepX by (intros t k Hk; unfold X, log_of; rewrite Hkeep by exact Hk; reflexivity).
  assert (forall t v, eta * (total P (X t) - total P (moved (X t) (order t) v)) <= total P (X t) - total P (X (S t))) as HgainX.
  { intros t v. assert (H := Hgain t (exp v) (exp_pos v)). rewrite !regularizer_log in H.
    rewrite (total_ext P (log_of (moved (mu t) (order t) (exp v))) (moved (X t) (order t) v)) in H; [exact H|].
    intros k. unfold log_of, moved. destruct (k =? order t)%nat; [apply ln_exp|reflexivity]. }
  assert (Hslopes := weights_converge P (log_of best) eta order X Hwf Hs Heta Hfair (Hpot O) HkeepX HgainX).
  assert (forall e, In e (terms P) -> Un_cv (fun t => cost_at (mu t) e) (cost_at best e)) as Hcost.
  { intros e He. rewrite cost_at_log. apply (Un_cv_ext (fun t => term_at (X t) e)); [intros t; symmetry; apply cost_at_log|].
    destruct (Rle_lt_or_eq_dec 0 (cost e)) as [Hc|Hc]; [apply (proj2 Hwf e He)| |].
    - unfold term_at. apply (CV_mult (fun _ => cost e) (fun t => exp (slope (X t) e))); [apply constant_converges|].
      apply exp_converges, close_converges. exact (Hslopes e He Hc).
    - unfold term_at. rewrite <- Hc. apply (Un_cv_ext (fun _ => 0)); [intros; ring|]. rewrite Rmult_0_l. apply constant_converges. }
  split; [|split; [|split; [|split; [|exact Hcost]]]].
  - intros t. rewrite !regularizer_log. exact (down P eta order X HgainX t).
  - apply (sum_converges (terms P) (fun t => cost_at (mu t))). exact Hcost.
  - intros Htouched. apply (Un_cv_ext (fun t => exp (X (S t) (order t) - X t (order t)))).
    + intros t. unfold Rminus, X, log_of. rewrite exp_plus, exp_Ropp, !exp_ln by apply Hmu. reflexivity.
    + rewrite <- exp_0. apply exp_converges. apply close_converges. intros e He.
      destruct (moves_vanish P X (log_of best) order Hwf Hfair HkeepX Hslopes Htouched e He) as (N & HN).
      exists N. intros t Ht. rewrite Rminus_0_r. apply HN. exact Ht.
  - intros i Hi. apply (Un_cv_ext (fun t => exp (X t i))); [intros t; apply exp_ln; apply Hmu|].
    rewrite <- (exp_ln (best i)) by apply Hb. apply exp_converges, close_converges.
    exact (grounded_converge P X (log_of best) Hwf Hpot (proj1 Hs) Hslopes i Hi).
Qed.

Theorem thm_5_1 : forall P,
  well_formed P -> attained P ->
  exists best, balanced P best /\ minimum P best /\
    forall order mu,
      fair (hidden P) order -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
      (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
      Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
      ((forall i, In i (hidden P) -> touched P i) -> Un_cv (fun t => mu (S t) (order t) / mu t (order t)) 1) /\
      (forall i, grounded P i -> Un_cv (fun t => mu t i) (best i)) /\
      (forall e, In e (terms P) -> Un_cv (fun t => cost_at (mu t) e) (cost_at best e)).
Proof.
  intros P Hwf (best & Hmin). exists best.
  assert (balanced P best) as Hb by (apply balanced_iff_minimum; assumption).
  split; [exact Hb|]. split; [exact Hmin|]. intros order mu Hfair Hstart Hstep.
  assert (forall t, multipliers P (mu t)) as Hmu.
  { induction t as [|t IH]; [exact Hstart|]. apply (balances_multipliers P (order t) (mu t)); auto. apply Hfair. }
  apply (fractions_converge P best 1 order mu); auto; [lra|intros t; apply (Hstep t)|].
  intros t v Hv. destruct (Hstep t) as (Hk & Hpos & Hbal). rewrite Rmult_1_l.
  enough (regularizer P (mu (S t)) <= regularizer P (moved (mu t) (order t) v)) by lra.
  rewrite !regularizer_log.
  assert (E : forall k, log_of (mu (S t)) k = moved (log_of (mu t)) (order t) (log_of (mu (S t)) (order t)) k).
  { intros k. unfold moved. destruct (Nat.eqb_spec k (order t)) as [->|Hne]; [reflexivity|]. unfold log_of. rewrite Hk by exact Hne. reflexivity. }
  rewrite (total_ext P _ _ E). rewrite (total_ext P (log_of (moved (mu t) (order t) v)) (moved (log_of (mu t)) (order t) (ln v))).
  - apply balanced_unit_lowest; auto; [apply Hfair|apply potential_log; apply Hmu|].
    rewrite <- (input_ext P _ _ _ E), <- (output_ext P _ _ _ E), <- input_log, <- output_log. exact Hbal.
  - intros k. unfold log_of, moved. destruct (k =? order t)%nat; reflexivity.
Qed.

(* Without any hypothesis on the ground: balanced weights are unique, and so are L and Λ where the statement says so. *)
Theorem balanced_weights_are_unique : forall P mu mu',
  well_formed P -> balanced P mu -> balanced P mu' ->
  (forall e, In e (terms P) -> cost_at mu e = cost_at mu' e) /\
  (forall e, In e (terms P) -> 0 < cost e -> slope (log_of mu) e = slope (log_of mu') e) /\
  (forall i, grounded P i -> mu i = mu' i).
Proof.
  intros P mu mu' Hwf Hb Hb'.
  assert (Hs := stationary_log P mu Hb). assert (Hs' := stationary_log P mu' Hb').
  destruct (stationary_minimum P (log_of mu) (log_of mu') Hwf Hs (proj1 Hs')) as [_ H].
  destruct (stationary_minimum P (log_of mu') (log_of mu) Hwf Hs' (proj1 Hs)) as [H' _].
  specialize (H H').
  split; [|split].
  - intros e Hin. rewrite !cost_at_log. unfold term_at.
    destruct (proj2 Hwf e Hin) as ([Hc|Hc] & _); [rewrite H by assumption; reflexivity|rewrite <- Hc; ring].
  - intros e Hin Hc. symmetry. auto.
  - intros i Hi. apply log_injective; [apply Hb|apply Hb'|].
    assert (minus (log_of mu) (log_of mu') i = 0) as E; [|unfold minus in E; lra].
    apply (grounded_zero P); auto.
    + intros k Hk. unfold minus. rewrite (proj1 Hs k Hk), (proj1 Hs' k Hk). ring.
    + intros e Hin Hc. rewrite slope_minus, (H e Hin Hc). ring.
Qed.

(* L_p, units of degree 1: the algorithm as it runs, from any positive start. *)
Fixpoint run (P : problem) (order : nat -> nat) (start : nat -> R) (t : nat) : nat -> R :=
  match t with
  | O => start
  | S t => balanced_at P (order t) (run P order start t)
  end.

Corollary balancing_converges : forall P,
  plain P -> well_formed P -> (forall i, In i (hidden P) -> touched P i) -> attained P ->
  exists best, balanced P best /\ minimum P best /\
    forall order start,
      fair (hidden P) order -> multipliers P start ->
      let mu := run P order start in
      (forall t, 0 < input_cost P (mu t) (order t) /\ 0 < output_cost P (mu t) (order t)) /\
      (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
      Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
      Un_cv (fun t => sqrt (output_cost P (mu t) (order t) / input_cost P (mu t) (order t))) 1 /\
      (forall i, grounded P i -> Un_cv (fun t => mu t i) (best i)) /\
      (forall e, In e (terms P) ->
         Un_cv (fun t => cost e * mu t (target e) / mu t (source e)) (cost e * best (target e) / best (source e))).
Proof.
  intros P Hp Hwf Htouched Hat. destruct (thm_5_1 P Hwf Hat) as (best & Hb & Hmin & H).
  exists best. split; [exact Hb|]. split; [exact Hmin|]. intros order start Hfair Hstart mu.
  assert (forall i x, In i (hidden P) -> multipliers P x -> 0 < input_cost P x i /\ 0 < output_cost P x i) as Hcosts.
  { intros i x Hi _. apply (touched_has_both P i best x); auto. }
  assert (forall t, multipliers P (mu t) /\ balances P (order t) (mu t) (mu (S t))) as Hmu.
  { induction t as [|t [IH IHs]].
    - split; [exact Hstart|]. destruct (Hcosts (order O) (mu O)); auto; [apply Hfair|]. apply plain_step; auto. apply Hstart.
    - assert (multipliers P (mu (S t))) as Hm by (apply (balances_multipliers P (order t) (mu t)); auto; apply Hfair).
      split; [exact Hm|]. destruct (Hcosts (order (S t)) (mu (S t))); auto; [apply Hfair|]. apply plain_step; auto. apply Hm. }
  destruct (H order mu Hfair Hstart (fun t => proj2 (Hmu t))) as (H1 & H2 & H3 & H4 & H5). specialize (H3 Htouched).
  split; [intros t; apply Hcosts; [apply Hfair|apply Hmu]|].
  split; [exact H1|]. split; [exact H2|]. split; [|split; [exact H4|]].
  - apply (Un_cv_ext (fun t => mu (S t) (order t) / mu t (order t))); [|exact H3].
    intros t. change (mu (S t)) with (balanced_at P (order t) (mu t)). unfold balanced_at.
    rewrite Nat.eqb_refl. field. apply Rgt_not_eq. apply Hmu.
  - intros e Hin. rewrite <- (plain_cost_at P best e Hp (proj1 (proj1 Hb)) Hin).
    apply (Un_cv_ext (fun t => cost_at (mu t) e)); [|apply H5; exact Hin].
    intros t. apply (plain_cost_at P); auto. apply Hmu.
Qed.
