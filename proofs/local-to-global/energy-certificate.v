(* A point of positive multipliers and a circulation of the terms, y_e >= 0 with Σ y_e a_e = 0 exactly, prove that the regularizer
   there is at most G = Σ (y_e - w_e)²/w_e above its infimum, w_e the costs at the point, and enclose every balanced cost: it lies in
   [w_e (1-r), w_e/(1-r)] if 0 < r < 1 and G <= w_e (1-r) r²/2. If every y_e is positive, the minimum is attained. Nothing asks for
   exact costs: ends w- <= w_e <= w+ suffice. So too under bounds on the multipliers, and for the limit costs where the minimum is not
   attained.

   Terms are products of powers of any number of multipliers: products, gates, attention, units of any degree, mixtures, ties.

   energy_certificate is the mathematics, over the real numbers, and energy_certificate_of_intervals the same with costs enclosed.
   energy_certificate_sound is what the kernel of the program evaluates (general/energy_evaluation.v): every factor (cost, target's and
   source's product of powers) is rounded down to some significant bits, every flow that is no exception is the lower end of its cost
   rounded down to a grid, and the gap is summed from integers: units of the grid, the number of flows, and how many there are of each length
   in bits. That the program computes these integers, and that its factors are rounded as `rounded_down` says, is not part of this.

   attained_or_falling needs no certificate: the two witnesses of whether the minimum exists, for any exponents. Directions and circulations
   are real here; that rational ones exist where real ones do is not part of this. *)

From Coq Require Import Reals ZArith List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem subsequences fractions energy energy_minima energy_attained energy_rounding energy_evaluation.
Import ListNotations.
Open Scope R_scope.

(** The certificate over the real numbers *)

Theorem energy_certificate : forall Q mu y,
  proper Q -> positive Q mu -> (forall e, In e (listed Q) -> 0 <= y e) ->
  (forall v, (v < size Q)%nat ->
     sum_over (listed Q) (fun e => y e * (IZR (target_form Q e v + source_form Q e v) / IZR (denominator Q v))) = 0) ->
  let G := sum_over (listed Q) (fun e => (y e - cost_of Q mu e) ^ 2 / cost_of Q mu e) in
  (forall mu', positive Q mu' -> regularizer_of Q mu - regularizer_of Q mu' <= G) /\
  (forall best, balanced_at Q best <-> minimal Q best) /\
  forall best e r, balanced_at Q best -> In e (listed Q) -> 0 < r < 1 -> G <= cost_of Q mu e * (1 - r) * r ^ 2 / 2 ->
    Rabs (ln (cost_of Q best e / cost_of Q mu e)) <= r /\
    cost_of Q mu e * (1 - r) <= cost_of Q best e <= cost_of Q mu e / (1 - r).
Proof.
  intros Q mu y HQ Hmu Hy Hc G. assert (HP := proper_positive Q HQ).
  assert (G = gap (powers_of Q) y (log_of mu)) as EG.
  { apply sum_over_ext. intros e _. rewrite cost_of_log. reflexivity. }
  assert (forall z, whole (powers_of Q) (log_of mu) - whole (powers_of Q) z <= G) as Hgap.
  { intros z. rewrite EG. apply energy_gap_bound; [exact HP|exact Hy|]. exact Hc. }
  split; [intros mu' _; rewrite !regularizer_of_log; apply Hgap|].
  split; [intros; apply balanced_iff_minimal; exact HQ|].
  intros best e r Hb He Hr Ht. rewrite !cost_of_log in *.
  assert (lowest_towards (powers_of Q) (log_of best) (log_of mu)) as Hs.
  { apply steady_lowest_towards. apply balanced_steady; [exact HQ|apply Hb|exact Hb]. }
  assert (0 < amount (powers_of Q) (log_of mu) e) by (apply amount_positive; assumption).
  split; [apply energy_radius with G|apply energy_enclosure with (log_of mu) G]; auto; try lra; left; auto.
Qed.

(* Costs that are only enclosed: the larger contribution of the two ends; where the lower end is 0 the flow must be 0. *)
Theorem energy_certificate_of_intervals : forall Q mu y low high G,
  proper Q -> positive Q mu ->
  (forall v, (v < size Q)%nat ->
     sum_over (listed Q) (fun e => y e * (IZR (target_form Q e v + source_form Q e v) / IZR (denominator Q v))) = 0) ->
  (forall e, In e (listed Q) -> 0 <= y e /\ 0 <= low e <= cost_of Q mu e /\ cost_of Q mu e <= high e /\ (low e = 0 -> y e = 0)) ->
  sum_over (listed Q) (fun e => if Req_EM_T (low e) 0 then high e else Rmax (gap_of (y e) (low e)) (gap_of (y e) (high e))) <= G ->
  (forall mu', positive Q mu' -> regularizer_of Q mu - regularizer_of Q mu' <= G) /\
  forall best e r, balanced_at Q best -> In e (listed Q) -> radius_passes G (low e) r ->
    Rabs (ln (cost_of Q best e / cost_of Q mu e)) <= r /\
    low e * (1 - r) <= cost_of Q best e <= high e / (1 - r).
Proof.
  intros Q mu y low high G HQ Hmu Hc Hi HG. assert (HP := proper_positive Q HQ).
  assert (forall z, whole (powers_of Q) (log_of mu) - whole (powers_of Q) z <= G) as Hgap.
  { intros z. apply Rle_trans with (gap (powers_of Q) y (log_of mu)).
    - apply energy_gap_bound; [exact HP| |exact Hc]. intros e He. apply Hi. exact He.
    - apply Rle_trans with (2 := HG). apply sum_over_le. intros e He. destruct (Hi e He) as (_ & Hl & Hh & H0).
      assert (0 < cost_of Q mu e) as Hw by (rewrite cost_of_log; apply amount_positive; assumption).
      rewrite <- cost_of_log. destruct (Req_EM_T (low e) 0) as [E|Hne].
      + rewrite (H0 E), gap_of_zero by exact Hw. exact Hh.
      + apply gap_between_ends; lra. }
  split; [intros mu' _; rewrite !regularizer_of_log; apply Hgap|].
  intros best e r Hb He Hr. destruct (Hi e He) as (_ & Hl & Hh & _). rewrite !cost_of_log in *.
  assert (lowest_towards (powers_of Q) (log_of best) (log_of mu)) as Hs.
  { apply steady_lowest_towards. apply balanced_steady; [exact HQ|apply Hb|exact Hb]. }
  split; [|apply energy_enclosure with (log_of mu) G; auto].
  apply energy_radius with G; auto. apply radius_passes_above with (low e); [exact Hr|apply Hl].
Qed.

(* The radius in use, with G the gap and w the lower end of a cost. *)
Theorem radius_in_use : forall G w, 0 <= G -> 0 < w -> 16 * G <= w -> radius_passes G w (2 * sqrt (G / w)).
Proof. exact sixteenth_passes. Qed.

(* Multipliers, where some combination of terms has the exponents of one variable alone. *)
Theorem enclosure_of_a_multiplier : forall Q mu best v z r,
  proper Q -> (v < size Q)%nat -> positive Q mu -> positive Q best ->
  supplies (powers_of Q) z (one_at v) ->
  (forall e, In e (listed Q) -> z e <> 0 -> Rabs (ln (cost_of Q best e / cost_of Q mu e)) <= r e) ->
  Rabs (ln (best v / mu v)) <= sum_over (listed Q) (fun e => Rabs (z e) * r e).
Proof.
  intros Q mu best v z r HQ Hv Hmu Hbest Hz Hr. unfold Rdiv at 1.
  rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; auto).
  apply (variable_enclosed (powers_of Q) (log_of best) (log_of mu) v z r); [apply proper_positive; exact HQ|exact Hz|exact Hv|].
  intros e He Hne. rewrite <- !cost_of_log. apply Hr; assumption.
Qed.

(* sqrt (2 gap / w) is no radius: for e^x + e^-x, at the multiplier 8 and with the best circulation. *)
Theorem twice_the_gap_is_no_radius : exists Q mu best y,
  proper Q /\ positive Q mu /\ balanced_at Q best /\ (forall e, In e (listed Q) -> 0 <= y e) /\ circulates (powers_of Q) y /\
  let G := sum_over (listed Q) (fun e => (y e - cost_of Q mu e) ^ 2 / cost_of Q mu e) in
  sqrt (2 * G / cost_of Q mu 0) < Rabs (ln (cost_of Q best 0 / cost_of Q mu 0)).
Proof.
  pose (Q := RationalPowers 1 [0; 1]%nat (fun _ => 1) (fun e _ => if (e =? 0)%nat then 1%Z else 0%Z)
    (fun e _ => if (e =? 1)%nat then (-1)%Z else 0%Z) (fun _ => 1%Z)).
  assert (forall mu, 0 < mu 0%nat -> cost_of Q mu 0 = mu 0%nat /\ cost_of Q mu 1 = / mu 0%nat) as Hcost.
  { intros mu H. unfold cost_of, power_product, Q. simpl. unfold Rdiv. rewrite Rinv_1, !Rmult_1_r, !Rmult_1_l.
    rewrite Rpower_O, Rpower_1 by exact H. change (IZR (-1)) with (- (1)). rewrite Rpower_Ropp, Rpower_1 by exact H. split; ring. }
  exists Q, (fun _ => 8), (fun _ => 1), (fun _ => 16 / 65).
  destruct (Hcost (fun _ => 8)) as [C0 C1]; [lra|]. destruct (Hcost (fun _ => 1)) as [B0 B1]; [lra|].
  split; [|split; [|split; [|split; [|split]]]].
  - split; intros; simpl; [lra|lia].
  - intros v _. lra.
  - split; [intros v _; lra|]. intros v Hv. simpl. rewrite B0, B1. lra.
  - intros e _. lra.
  - intros v Hv. simpl. lra.
  - cbv zeta. change (listed Q) with [0; 1]%nat. cbn [sum_over]. rewrite C0, C1, B0.
    replace (1 / 8) with (/ 8) by lra. rewrite ln_Rinv, Rabs_Ropp by lra.
    assert (3 / 2 < ln 8) as Hln.
    { replace 8 with (2 * (2 * 2)) by ring. rewrite !ln_mult by lra.
      assert (/ 2 < ln 2); [|lra]. rewrite <- (ln_exp (/ 2)). apply ln_increasing; [apply exp_pos|].
      assert (exp (/ 2) * exp (/ 2) <= 3) as H3.
      { rewrite <- exp_plus. replace (/ 2 + / 2) with 1 by lra. apply exp_le_3. }
      assert (0 < exp (/ 2)) by apply exp_pos. nra. }
    rewrite Rabs_right by lra. apply Rlt_trans with (2 := Hln).
    rewrite <- (sqrt_Rsqr (3 / 2)) by lra. apply sqrt_lt_1; unfold Rsqr; lra.
Qed.

(** The certificate as the kernel evaluates it *)

(* What the certificate says of a cost and its balanced value. *)
Definition enclosed (Q : rational_powers) (mu : nat -> R) (c : certificate) (f : factors) (e : nat) (best r : R) : Prop :=
  Rabs (ln (best / cost_of Q mu e)) <= r /\ low_end c f e * (1 - r) <= best <= high_end c f e / (1 - r).

(* No radius asks for y_e > 0: where y_e is 0 the gap is at least w_e, and no r passes. *)
Theorem energy_certificate_sound : forall Q mu c f longest G,
  proper Q -> positive Q mu -> factors_rounded Q mu c f -> well_made Q c f longest ->
  (forall v, (v < size Q)%nat -> supply_units Q c f v = 0%Z) -> evaluated_gap Q c f longest <= G ->
  (forall mu', positive Q mu' -> regularizer_of Q mu - regularizer_of Q mu' <= G) /\
  (forall best, balanced_at Q best <-> minimal Q best) /\
  (forall best e r, balanced_at Q best -> In e (listed Q) -> radius_passes G (low_end c f e) r ->
     enclosed Q mu c f e (cost_of Q best e) r) /\
  (NoDup (listed Q) -> (forall e, In e (listed Q) -> (0 < numerator c f e)%Z) -> exists best, minimal Q best) /\
  forall best best' e, balanced_at Q best -> balanced_at Q best' -> In e (listed Q) -> cost_of Q best e = cost_of Q best' e.
Proof.
  intros Q mu c f longest G HQ Hmu Hf Hm Hz HG. assert (HP := proper_positive Q HQ).
  assert (Hc := flow_circulates Q c f longest HQ Hm Hz).
  assert (forall z, whole (powers_of Q) (log_of mu) - whole (powers_of Q) z <= G) as Hall.
  { intros z. apply Rle_trans with (gap (powers_of Q) (flow c f) (log_of mu)).
    - apply energy_gap_bound; [exact HP|apply (flow_nonneg Q mu c f longest); assumption|exact Hc].
    - apply Rle_trans with (2 := HG). apply true_gap; assumption. }
  assert (forall best, balanced_at Q best -> steady (powers_of Q) (log_of best)) as Hsteady.
  { intros best Hb. apply balanced_steady; [exact HQ|apply Hb|exact Hb]. }
  split; [intros mu' _; rewrite !regularizer_of_log; apply Hall|].
  split; [intros; apply balanced_iff_minimal; exact HQ|]. split; [|split].
  - intros best e r Hb He Hp. unfold enclosed. rewrite (cost_of_log Q best).
    apply (enclosed_by_loss Q mu c f longest HQ Hf Hm _ G); try assumption. rewrite cost_of_log.
    apply Rle_trans with (2 := Hall (log_of best)). apply losses_of_all; [exact HP| |exact He].
    apply steady_lowest_towards. apply Hsteady. exact Hb.
  - intros Hnd Hy. destruct (circulation_attains (powers_of Q) (flow c f)) as (x & Hx); auto.
    + intros e He. destruct Hm as (_ & Hd & _). apply IZR_lt in Hd. specialize (Hy e He). apply IZR_lt in Hy.
      apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; assumption|apply two_positive].
    + exists (exp_of x). apply lowest_minimal. exact Hx.
  - intros best best' e Hb Hb' He. rewrite !cost_of_log. apply steady_costs_unique; auto.
Qed.

(* Where every cost is enclosed, every flow is positive, so that the minimum is attained. *)
Corollary all_enclosed_is_attained : forall Q mu c f longest G,
  proper Q -> NoDup (listed Q) -> positive Q mu -> factors_rounded Q mu c f -> well_made Q c f longest ->
  (forall v, (v < size Q)%nat -> supply_units Q c f v = 0%Z) -> evaluated_gap Q c f longest <= G ->
  (forall e, In e (listed Q) -> exists r, radius_passes G (low_end c f e) r) -> exists best, minimal Q best.
Proof.
  intros Q mu c f longest G HQ Hnd Hmu Hf Hm Hz HG Hall. assert (HP := proper_positive Q HQ).
  destruct (energy_certificate_sound Q mu c f longest G HQ Hmu Hf Hm Hz HG) as (_ & _ & _ & H & _). apply H; [exact Hnd|].
  intros e He. destruct (Hall e He) as (r & Hr). destruct (Z_lt_le_dec 0 (numerator c f e)) as [|Hle]; [assumption|]. exfalso.
  assert (0 < cost_of Q mu e) as Hw by (rewrite cost_of_log; apply amount_positive; assumption).
  assert (Hi := interval_bounds Q mu c f longest Hf Hm e He).
  assert (Hsmall := radius_passes_small G _ r Hw (radius_passes_above _ _ _ _ Hr (proj1 Hi))).
  assert (flow c f e = 0) as E.
  { apply Rle_antisym; [|apply (flow_nonneg Q mu c f longest); assumption]. unfold flow. apply IZR_le in Hle.
    destruct Hm as (_ & Hd & _). apply IZR_lt in Hd. assert (Hg := two_positive (- grid c)).
    assert (0 < / IZR (divisor c)) by (apply Rinv_0_lt_compat; exact Hd).
    assert (IZR (numerator c f e) / IZR (divisor c) <= 0) by (unfold Rdiv; nra). nra. }
  assert (cost_of Q mu e <= G); [|lra]. apply Rle_trans with (2 := HG).
  apply Rle_trans with (2 := true_gap Q mu c f longest Hf Hm).
  rewrite <- (gap_of_zero (cost_of Q mu e) Hw), <- E, cost_of_log.
  apply (sum_over_member (listed Q) (fun e => gap_of (flow c f e) (amount (powers_of Q) (log_of mu) e)) e); [|exact He].
  intros d Hd. apply gap_of_nonneg. apply amount_positive; assumption.
Qed.

(* Whatever the exponents: a minimum exists exactly if a circulation is positive on every term, and exactly if no direction of the
   logarithms raises no cost and lowers one. *)
Theorem attained_or_falling : forall Q,
  proper Q -> NoDup (listed Q) ->
  ((exists best, minimal Q best) <->
     exists y, (forall e, In e (listed Q) -> 0 < y e) /\ circulates (powers_of Q) y) /\
  ((~ exists best, minimal Q best) <-> exists d, falls_along (powers_of Q) d).
Proof.
  intros Q HQ Hnd. destruct (attained_or_falls (powers_of Q) (proper_positive Q HQ) Hnd) as [H1 H2].
  assert ((exists best, minimal Q best) <-> exists x, lowest (powers_of Q) x) as H.
  { split; [intros (best & Hb); exists (log_of best); apply minimal_lowest; exact Hb|].
    intros (x & Hx). exists (exp_of x). apply lowest_minimal. exact Hx. }
  rewrite H. split; assumption.
Qed.

(** Where the minimum is not attained: the terms that are on no circulation vanish, and the others have a minimum, which is the infimum.
    With all terms kept it is the minimum. *)

Definition restricted (Q : rational_powers) (keep : nat -> bool) : rational_powers :=
  RationalPowers (size Q) (filter keep (listed Q)) (base Q) (target_form Q) (source_form Q) (denominator Q).

Theorem energy_certificate_of_the_limit : forall Q mu c f longest G,
  proper Q -> NoDup (listed Q) -> positive Q mu -> factors_rounded Q mu c f -> well_made Q c f longest ->
  (forall v, (v < size Q)%nat -> supply_units Q c f v = 0%Z) -> evaluated_gap Q c f longest <= G ->
  exists keep best,
    (forall e, In e (listed Q) -> (keep e = true <-> on_circulation (powers_of Q) e)) /\
    balanced_at (restricted Q keep) best /\
    (forall mu', positive Q mu' -> regularizer_of (restricted Q keep) best <= regularizer_of Q mu') /\
    (forall a, 0 < a -> exists mu', positive Q mu' /\ regularizer_of Q mu' <= regularizer_of (restricted Q keep) best + a) /\
    regularizer_of Q mu - regularizer_of (restricted Q keep) best <= G /\
    forall e r, In e (listed Q) -> radius_passes G (low_end c f e) r ->
      keep e = true /\ enclosed Q mu c f e (cost_of Q best e) r.
Proof.
  intros Q mu c f longest G HQ Hnd Hmu Hf Hm Hz HG. assert (HP := proper_positive Q HQ).
  assert (Hc := flow_circulates Q c f longest HQ Hm Hz).
  destruct (limit_problem (powers_of Q) HP Hnd) as (keep & best & Hkeep & Hsteady & (Hlow & Hnear) & Hloss).
  assert (proper (restricted Q keep)) as HQ'.
  { split; [|apply HQ]. intros e He. apply filter_In in He. apply HQ. apply He. }
  assert (regularizer_of (restricted Q keep) (exp_of best) = whole (kept_powers (powers_of Q) keep) best) as Ebest
    by apply regularizer_of_exp.
  assert (whole (powers_of Q) (log_of mu) - whole (kept_powers (powers_of Q) keep) best <= G) as Hgap.
  { apply Rle_trans with (gap (powers_of Q) (flow c f) (log_of mu)).
    - assert (forall a, 0 < a -> whole (powers_of Q) (log_of mu) - whole (kept_powers (powers_of Q) keep) best
        <= gap (powers_of Q) (flow c f) (log_of mu) + a) as H.
      { intros a Ha. destruct (Hnear a Ha) as (z & Hz').
        assert (H := energy_gap_bound (powers_of Q) (flow c f) (log_of mu) z HP (flow_nonneg Q mu c f longest Hf Hm) Hc). lra. }
      apply Rnot_lt_le. intros Hlt.
      set (d := whole (powers_of Q) (log_of mu) - whole (kept_powers (powers_of Q) keep) best - gap (powers_of Q) (flow c f) (log_of mu)) in *.
      specialize (H (d / 2)). unfold d in *. lra.
    - apply Rle_trans with (2 := HG). apply true_gap; assumption. }
  exists keep, (exp_of best). split; [exact Hkeep|]. split; [|split; [|split; [|split]]].
  - apply balanced_steady; [exact HQ'|apply positive_exp|]. intros v Hv. rewrite <- (Hsteady v Hv). apply sum_over_ext.
    intros e _. f_equal. rewrite <- cost_of_log. apply (cost_of_exp (restricted Q keep)).
  - intros mu' _. rewrite Ebest, regularizer_of_log. apply Hlow.
  - intros a Ha. destruct (Hnear a Ha) as (z & Hz'). exists (exp_of z). split; [apply positive_exp|].
    rewrite Ebest, regularizer_of_exp. exact Hz'.
  - rewrite Ebest, regularizer_of_log. exact Hgap.
  - intros e r He Hp.
    assert (cost_of Q mu e * (if keep e then loss (form (powers_of Q) (difference (log_of mu) best) e) else 1) <= G) as Hone.
    { apply Rle_trans with (2 := Hgap). rewrite Hloss, cost_of_log.
      apply (sum_over_member (listed Q) (fun e => amount (powers_of Q) (log_of mu) e
        * (if keep e then loss (form (powers_of Q) (difference (log_of mu) best) e) else 1)) e); [|exact He].
      intros d Hd. apply Rmult_le_pos; [left; apply amount_positive; assumption|]. destruct (keep d); [apply loss_nonneg|lra]. }
    destruct (keep e) eqn:E.
    + split; [reflexivity|]. unfold enclosed. rewrite cost_of_exp. apply (enclosed_by_loss Q mu c f longest HQ Hf Hm _ G); assumption.
    + exfalso. assert (Hi := interval_bounds Q mu c f longest Hf Hm e He).
      assert (0 < cost_of Q mu e) as Hw by (rewrite cost_of_log; apply amount_positive; assumption).
      assert (H := radius_passes_small G (cost_of Q mu e) r Hw (radius_passes_above _ _ _ _ Hp (proj1 Hi))). lra.
Qed.

(* Along every sequence that brings the regularizer to its infimum the costs tend to those of the limit. *)
Theorem costs_tend_to_the_limit : forall P keep best (X : nat -> nat -> R),
  positive_costs P -> lowest (kept_powers P keep) best ->
  Un_cv (fun t => whole P (X t)) (whole (kept_powers P keep) best) ->
  forall e, In e (counted P) -> Un_cv (fun t => amount P (X t) e) (if keep e then amount P best e else 0).
Proof.
  intros P keep best X HP Hlow Hinf e He. set (low := whole (kept_powers P keep) best) in *.
  assert (HK := kept_positive P keep HP).
  assert (Hsplit : forall x, whole P x = whole (kept_powers P keep) x + sum_over (counted P) (fun d => if keep d then 0 else amount P x d)).
  { intros x. unfold whole. simpl. rewrite sum_over_kept, <- sum_over_plus. apply sum_over_ext. intros d _.
    change (amount (kept_powers P keep) x d) with (amount P x d). destruct (keep d); ring. }
  assert (Hrest : forall x d, In d (counted P) -> 0 <= (if keep d then 0 else amount P x d)).
  { intros x d Hd. destruct (keep d); [lra|]. left. apply amount_positive; assumption. }
  destruct (keep e) eqn:E.
  - assert (HA : 0 < amount P best e) by (apply amount_positive; assumption). set (A := amount P best e) in *.
    intros eps Heps. pose (d := Rmin 1 (eps / (2 * A))).
    assert (Hd : 0 < d) by (unfold d; apply Rmin_pos; [lra|apply Rdiv_lt_0_compat; lra]).
    assert (D1 : d <= 1) by apply Rmin_l.
    assert (D2 : A * d <= eps / 2).
    { apply Rle_trans with (A * (eps / (2 * A))); [apply Rmult_le_compat_l; [lra|apply Rmin_r]|]. right. field. lra. }
    destruct (Hinf (A * (d * d / 4))) as (N & HN); [apply Rmult_lt_0_compat; [exact HA|]; apply Rdiv_lt_0_compat; nra|].
    exists N. intros t Ht. specialize (HN t Ht). unfold R_dist in *. apply Rabs_def2 in HN.
    set (u := form P (difference (X t) best) e).
    assert (Hloss : A * (exp u - 1 - u) <= whole P (X t) - low).
    { assert (H := losses_of_all (kept_powers P keep) best (X t) e HK
        (steady_lowest_towards _ _ _ (proj1 (lowest_iff_steady _ _ HK) Hlow)) ltac:(apply filter_In; auto)).
      rewrite (loss_of_amounts (kept_powers P keep)), (amount_moved (kept_powers P keep) best (X t) e) in H.
      change (A * exp u - A - A * u <= whole (kept_powers P keep) (X t) - low) in H.
      assert (Hn := sum_over_nonneg (counted P) _ (Hrest (X t))). rewrite (Hsplit (X t)). lra. }
    assert (Hu : exp u - 1 - u <= d * d / 4) by (apply (Rmult_le_reg_l A); lra).
    assert (Hsmall := exp_gap u d ltac:(lra) Hu). apply near_of_abs in Hsmall.
    assert (Hexp : 1 + u <= exp u).
    { destruct (Req_dec u 0) as [->|Hne]; [rewrite exp_0; lra|]. left. apply exp_ineq1. exact Hne. }
    rewrite (amount_moved P best (X t) e). fold u. fold A. apply Rabs_def1; nra.
  - intros eps Heps. destruct (Hinf eps Heps) as (N & HN). exists N. intros t Ht. specialize (HN t Ht). unfold R_dist in *.
    apply Rabs_def2 in HN. assert (Hpos : 0 < amount P (X t) e) by (apply amount_positive; assumption).
    assert (H := sum_over_member (counted P) (fun d => if keep d then 0 else amount P (X t) d) e (Hrest (X t)) He).
    simpl in H. rewrite E in H. assert (Hk := Hlow (X t)). fold low in Hk. rewrite (Hsplit (X t)) in HN.
    rewrite Rminus_0_r, Rabs_right by lra. lra.
Qed.

(** Under bounds on multipliers *)

Record multiplier_bounds := MultiplierBounds { least : nat -> option R; greatest : nat -> option R }.

Definition within_bounds (Q : rational_powers) (B : multiplier_bounds) (mu : nat -> R) : Prop :=
  positive Q mu /\ forall v, (v < size Q)%nat ->
    (forall b, least B v = Some b -> b <= mu v) /\ (forall b, greatest B v = Some b -> mu v <= b).

Definition minimal_within (Q : rational_powers) (B : multiplier_bounds) (mu : nat -> R) : Prop :=
  within_bounds Q B mu /\ forall mu', within_bounds Q B mu' -> regularizer_of Q mu <= regularizer_of Q mu'.

(* A sum of integers that is not 0 is negative where there is an upper bound, positive where there is a lower one. How far the
   multiplier is from that bound, relatively, bounds its distance in logarithms: 0 if it sits on the bound exactly. *)
Definition pushed_inwards (Q : rational_powers) (B : multiplier_bounds) (mu : nat -> R) (c : certificate) (f : factors)
  (distance : nat -> R) : Prop :=
  forall v, (v < size Q)%nat ->
    (supply_units Q c f v = 0%Z /\ 0 <= distance v) \/
    ((supply_units Q c f v <= 0)%Z /\ exists b, greatest B v = Some b /\ b / mu v - 1 <= distance v) \/
    ((0 <= supply_units Q c f v)%Z /\ exists b, least B v = Some b /\ 0 < b /\ mu v / b - 1 <= distance v).

(* What the distances add to the gap. *)
Definition distance_gap (Q : rational_powers) (c : certificate) (f : factors) (distance : nat -> R) : R :=
  sum (size Q) (fun v =>
    Rabs (IZR (supply_units Q c f v)) * (two (- grid c) / IZR (divisor c) / IZR (denominator Q v)) * distance v).

Theorem energy_certificate_under_bounds : forall Q B mu c f longest distance G,
  proper Q -> within_bounds Q B mu -> factors_rounded Q mu c f -> well_made Q c f longest ->
  pushed_inwards Q B mu c f distance -> evaluated_gap Q c f longest + distance_gap Q c f distance <= G ->
  (forall mu', within_bounds Q B mu' -> regularizer_of Q mu - regularizer_of Q mu' <= G) /\
  forall best e r, minimal_within Q B best -> In e (listed Q) -> radius_passes G (low_end c f e) r ->
    enclosed Q mu c f e (cost_of Q best e) r.
Proof.
  intros Q B mu c f longest distance G HQ Hmu Hf Hm Hz HG. assert (HP := proper_positive Q HQ).
  assert (forall a b, 0 < a -> 0 < b -> ln b - ln a <= b / a - 1) as Hlog.
  { intros a b Ha Hb. assert (0 < b / a) by (apply Rdiv_lt_0_compat; assumption).
    replace (ln b - ln a) with (ln (b / a)); [apply log_below; assumption|].
    unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption). ring. }
  assert (forall mu', within_bounds Q B mu' -> whole (powers_of Q) (log_of mu) - whole (powers_of Q) (log_of mu') <= G) as Hall.
  { intros mu' Hmu'. assert (H := flow_gap_bound Q mu c f longest HQ Hf Hm (log_of mu')).
    assert (- distance_gap Q c f distance <= sum (size Q) (fun v =>
      IZR (supply_units Q c f v) * (two (- grid c) / IZR (divisor c) / IZR (denominator Q v)) * (log_of mu' v - log_of mu v))); [|lra].
    unfold distance_gap. rewrite <- (Rmult_1_l (sum _ _)), <- Ropp_mult_distr_l_reverse, <- sum_scale.
    apply sum_le. intros v Hv. assert (0 < IZR (denominator Q v)) by (apply IZR_lt, HQ; exact Hv).
    assert (0 < IZR (divisor c)) by (apply IZR_lt, Hm).
    assert (0 < two (- grid c) / IZR (divisor c) / IZR (denominator Q v))
      by (repeat apply Rdiv_lt_0_compat; try assumption; apply two_positive).
    set (k := two (- grid c) / IZR (divisor c) / IZR (denominator Q v)) in *.
    destruct Hmu as [Hmu Hb]. destruct Hmu' as [Hmu' Hb']. specialize (Hmu v Hv). specialize (Hmu' v Hv).
    destruct (Hb' v Hv) as [Hl Hg]. unfold log_of. destruct (Hz v Hv) as [[-> _]|[(Hs & b & E & Hd)|(Hs & b & E & Hb0 & Hd)]].
    - rewrite Rabs_R0, !Rmult_0_l. lra.
    - specialize (Hg _ E). assert (0 < b) by lra. apply log_le in Hg; try assumption. apply IZR_le in Hs.
      assert (Hx := Hlog (mu v) b Hmu ltac:(assumption)). rewrite Rabs_left1 by exact Hs.
      assert (0 <= - IZR (supply_units Q c f v) * k) by (apply Rmult_le_pos; lra).
      assert (- IZR (supply_units Q c f v) * k * (ln (mu' v) - ln (mu v)) <= - IZR (supply_units Q c f v) * k * distance v)
        by (apply Rmult_le_compat_l; lra). lra.
    - specialize (Hl _ E). apply log_le in Hl; try assumption. apply IZR_le in Hs.
      assert (Hx := Hlog b (mu v) Hb0 Hmu). rewrite Rabs_right by lra.
      assert (0 <= IZR (supply_units Q c f v) * k) by (apply Rmult_le_pos; lra).
      assert (IZR (supply_units Q c f v) * k * (ln (mu v) - ln (mu' v)) <= IZR (supply_units Q c f v) * k * distance v)
        by (apply Rmult_le_compat_l; lra). lra. }
  split; [intros mu' Hmu'; rewrite !regularizer_of_log; apply Hall; exact Hmu'|].
  intros best e r [Hb Hmin] He Hp. unfold enclosed. rewrite (cost_of_log Q best).
  apply (enclosed_by_loss Q mu c f longest HQ Hf Hm _ G); try assumption. rewrite cost_of_log.
  apply Rle_trans with (2 := Hall best Hb). apply losses_of_all; [exact HP| |exact He].
  apply lowest_on_segment_towards; [exact HP|]. intros t Ht. rewrite <- regularizer_of_log, <- regularizer_of_exp. apply Hmin.
  split; [apply positive_exp|]. intros v Hv. destruct Hb as [Hpb Hb]. destruct Hmu as [Hpm Hmb].
  specialize (Hpb v Hv). specialize (Hpm v Hv). destruct (Hb v Hv) as [B1 B2]. destruct (Hmb v Hv) as [M1 M2].
  unfold exp_of, between, log_of. split; intros b Eb.
  - specialize (B1 b Eb). specialize (M1 b Eb). destruct (Rle_or_lt b 0) as [Hneg|Hposb].
    { apply Rle_trans with 0; [exact Hneg|]. left. apply exp_pos. }
    rewrite <- (exp_ln b Hposb). apply exp_le. apply log_le in B1; try assumption. apply log_le in M1; try assumption. nra.
  - specialize (B2 b Eb). specialize (M2 b Eb). assert (0 < b) as Hposb by lra.
    rewrite <- (exp_ln b Hposb). apply exp_le. apply log_le in B2; try assumption. apply log_le in M2; try assumption. nra.
Qed.

(* Bounds on any linear forms of the logarithms, each with a force that pushes inwards; a bound that the point does not sit on adds its
   distance times its force. *)
Theorem energy_certificate_under_linear_bounds : forall P B y force x,
  positive_costs P -> (forall e, In e (counted P) -> 0 <= y e) -> (forall j, (j < constraints B)%nat -> 0 <= force j) ->
  supplies P y (fun v => - sum (constraints B) (fun j => force j * side B j v)) ->
  let G := gap P y x + sum (constraints B) (fun j => force j * (level B j - side_at P B x j)) in
  (forall z, admissible P B z -> whole P x - whole P z <= G) /\
  (admissible P B x -> forall best e r, lowest_admissible P B best -> In e (counted P) -> radius_passes G (amount P x e) r ->
     Rabs (ln (amount P best e / amount P x e)) <= r).
Proof.
  intros P B y force x HP Hy Hf Hs G.
  assert (forall z, admissible P B z -> whole P x - whole P z <= G) as H by (intros z Hz; apply energy_gap_under_bounds; assumption).
  split; [exact H|]. intros Hx best e r Hbest He Hr. apply energy_radius with G; try assumption.
  - apply lowest_admissible_towards with B; assumption.
  - apply H. apply Hbest.
Qed.

(** A certificate that passes: x + 1/x at 1, of 8 significant bits on the grid 2^-10. *)

Definition sample : rational_powers :=
  RationalPowers 1 [0; 1]%nat (fun _ => 1) (fun e _ => if (e =? 0)%nat then 1%Z else 0%Z)
    (fun e _ => if (e =? 1)%nat then (-1)%Z else 0%Z) (fun _ => 1%Z).

Definition sample_certificate : certificate := Certificate 8 10 1 (fun _ => None).

Definition sample_factors : factors :=
  Factors (fun _ => 128%Z) (fun _ => (-7)%Z) (fun _ => 128%Z) (fun _ => (-7)%Z) (fun _ => 128%Z) (fun _ => (-7)%Z).

Theorem a_certificate_passes :
  proper sample /\ positive sample (fun _ => 1) /\
  factors_rounded sample (fun _ => 1) sample_certificate sample_factors /\
  well_made sample sample_certificate sample_factors 11 /\
  (forall v, (v < size sample)%nat -> supply_units sample sample_certificate sample_factors v = 0%Z) /\
  evaluated_gap sample sample_certificate sample_factors 11 <= / 500 /\
  forall e, In e (listed sample) -> radius_passes (/ 500) (low_end sample_certificate sample_factors e) (1 / 10).
Proof.
  assert (forall side e, power_product sample side (fun _ => 1) e = 1) as Hone.
  { intros side e. unfold power_product. simpl. unfold Rpower. rewrite ln_1, Rmult_0_r, exp_0. ring. }
  assert (rounded_down 8 128 (-7) 1) as Hr by (split; [simpl; lia|unfold two; simpl; lra]).
  assert (forall e, units sample_certificate sample_factors e = 1024%Z) as Hu by reflexivity.
  split; [split; intros; simpl; [lra|lia]|]. split; [intros v _; lra|].
  split; [intros e _; rewrite !Hone; auto|].
  split; [|split; [|split]].
  - split; [simpl; lia|]. split; [simpl; lia|]. split; [discriminate|]. intros e _ _. rewrite Hu. reflexivity.
  - intros v _. reflexivity.
  - unfold evaluated_gap, inverse_units. cbn [sum].
    repeat match goal with |- context [IZR ?t] =>
      lazymatch t with Z0 => fail | Zpos _ => fail | Zneg _ => fail | _ => let v := eval vm_compute in t in change t with v end
    end.
    change (sum_over (listed sample) (exceptional_gap sample_certificate sample_factors)) with (0 + (0 + 0)).
    unfold excess, two. simpl. lra.
  - intros e _. right. unfold low_end. simpl. rewrite Hu. unfold two. simpl. lra.
Qed.
