(* An energy certificate whose costs are enclosed, by whatever means: flows that are a circulation, two ends of each cost, and a bound of the
   gap that they leave. *)

From Coq Require Import Reals ZArith List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_attained energy_rounding energy_evaluation.
Open Scope R_scope.

(* The balanced cost is within a radius of the cost at the point, in logarithms, and between the ends widened by it. *)
Definition near (low high r cost best : R) : Prop :=
  Rabs (ln (best / cost)) <= r /\ low * (1 - r) <= best <= high / (1 - r).

Definition kept_problem (Q : rational_powers) (keep : nat -> bool) : rational_powers :=
  RationalPowers (size Q) (filter keep (listed Q)) (base Q) (target_form Q) (source_form Q) (denominator Q).

Section Intervals.

Variables (Q : rational_powers) (mu : nat -> R) (y low high : nat -> R) (G : R).
Hypothesis HQ : proper Q.
Hypothesis Hflow : circulates (powers_of Q) y.
Hypothesis Hends : forall e, In e (listed Q) -> 0 <= y e /\ 0 < low e <= cost_of Q mu e /\ cost_of Q mu e <= high e.
Hypothesis Hgap : sum_over (listed Q) (fun e => Rmax (gap_of (y e) (low e)) (gap_of (y e) (high e))) <= G.

Let P := powers_of Q.
Let x := log_of mu.
Let HP : positive_costs P := proper_positive Q HQ.

Lemma flows_nonneg : forall e, In e (counted P) -> 0 <= y e.
Proof. intros e He. apply Hends. exact He. Qed.

Lemma gap_enclosed : gap P y x <= G.
Proof.
  apply Rle_trans with (2 := Hgap). apply sum_over_le. intros e He. destruct (Hends e He) as (_ & Hl & Hh).
  unfold P, x. rewrite <- cost_of_log. apply gap_between_ends; lra.
Qed.

Lemma above_all : forall z, whole P x - whole P z <= G.
Proof.
  intros z. apply Rle_trans with (2 := gap_enclosed). apply energy_gap_bound; [exact HP|apply flows_nonneg|exact Hflow].
Qed.

Lemma near_by_loss : forall z e r,
  In e (listed Q) -> cost_of Q mu e * loss (form P (difference x z) e) <= G -> radius_passes G (low e) r ->
  near (low e) (high e) r (cost_of Q mu e) (amount P z e).
Proof.
  intros z e r He Hloss Hp. destruct (Hends e He) as (_ & Hl & Hh).
  assert (0 < cost_of Q mu e) as Hw by lra. unfold near.
  assert (Rabs (ln (amount P z e / cost_of Q mu e)) <= r) as Hr.
  { unfold x in Hloss. rewrite cost_of_log in *. fold P x in Hloss |- *.
    rewrite amounts_as_logarithm by assumption. rewrite Rabs_Ropp.
    apply radius_of_loss with (amount P x e) G; try assumption.
    apply radius_passes_above with (low e); [exact Hp|apply Hl]. }
  split; [exact Hr|]. apply interval_of_radius with (cost_of Q mu e); try lra.
  - apply amount_positive; assumption.
  - apply radius_passes_range with (1 := Hp).
Qed.

(* What it says of the infimum, of balanced costs, and of whether the minimum exists. *)
Theorem certificate_of_intervals :
  (forall mu', positive Q mu' -> regularizer_of Q mu - regularizer_of Q mu' <= G) /\
  (forall best, balanced_at Q best <-> minimal Q best) /\
  (forall best e r, balanced_at Q best -> In e (listed Q) -> radius_passes G (low e) r ->
     near (low e) (high e) r (cost_of Q mu e) (cost_of Q best e)) /\
  (NoDup (listed Q) -> (forall e, In e (listed Q) -> 0 < y e) -> exists best, minimal Q best).
Proof.
  split; [|split; [|split]].
  - intros mu' _. rewrite !regularizer_of_log. apply above_all.
  - intros. apply balanced_iff_minimal. exact HQ.
  - intros best e r Hb He Hp. rewrite (cost_of_log Q best). apply near_by_loss; try assumption.
    apply Rle_trans with (2 := above_all (log_of best)). unfold x. rewrite cost_of_log. apply losses_of_all; [exact HP| |exact He].
    apply steady_lowest_towards. apply balanced_steady; [exact HQ|apply Hb|exact Hb].
  - intros Hnd Hy. destruct (circulation_attains P y) as (z & Hz); auto.
    exists (exp_of z). apply lowest_minimal. exact Hz.
Qed.

(* Where the minimum is not attained: the same of the limit in which the terms that are on no circulation vanish. *)
Theorem limit_of_intervals : NoDup (listed Q) ->
  exists keep best,
    (forall e, In e (listed Q) -> (keep e = true <-> on_circulation P e)) /\
    balanced_at (kept_problem Q keep) best /\
    (forall mu', positive Q mu' -> regularizer_of (kept_problem Q keep) best <= regularizer_of Q mu') /\
    (forall a, 0 < a -> exists mu', positive Q mu' /\ regularizer_of Q mu' <= regularizer_of (kept_problem Q keep) best + a) /\
    regularizer_of Q mu - regularizer_of (kept_problem Q keep) best <= G /\
    forall e r, In e (listed Q) -> radius_passes G (low e) r ->
      keep e = true /\ near (low e) (high e) r (cost_of Q mu e) (cost_of Q best e).
Proof.
  intros Hnd. destruct (limit_problem P HP Hnd) as (keep & best & Hkeep & Hsteady & (Hlow & Hnear) & Hloss).
  assert (proper (kept_problem Q keep)) as HQ'.
  { split; [|apply HQ]. intros e He. apply filter_In in He. apply HQ. apply He. }
  assert (regularizer_of (kept_problem Q keep) (exp_of best) = whole (kept_powers P keep) best) as Ebest by apply regularizer_of_exp.
  assert (whole P x - whole (kept_powers P keep) best <= G) as Hall.
  { apply Rnot_lt_le. intros Hlt.
    destruct (Hnear ((whole P x - whole (kept_powers P keep) best - G) / 2)) as (z & Hz); [lra|].
    assert (H := above_all z). lra. }
  exists keep, (exp_of best). split; [exact Hkeep|]. split; [|split; [|split; [|split]]].
  - apply balanced_steady; [exact HQ'|apply positive_exp|]. intros v Hv. rewrite <- (Hsteady v Hv). apply sum_over_ext.
    intros e _. f_equal. rewrite <- cost_of_log. apply (cost_of_exp (kept_problem Q keep)).
  - intros mu' _. rewrite Ebest, regularizer_of_log. apply Hlow.
  - intros a Ha. destruct (Hnear a Ha) as (z & Hz'). exists (exp_of z). split; [apply positive_exp|].
    rewrite Ebest, regularizer_of_exp. exact Hz'.
  - rewrite Ebest, regularizer_of_log. exact Hall.
  - intros e r He Hp. destruct (Hends e He) as (_ & Hl & _).
    assert (cost_of Q mu e * (if keep e then loss (form P (difference x best) e) else 1) <= G) as Hone.
    { apply Rle_trans with (2 := Hall). rewrite Hloss, cost_of_log.
      apply (sum_over_member (listed Q) (fun e => amount P x e
        * (if keep e then loss (form P (difference x best) e) else 1)) e); [|exact He].
      intros d Hd. apply Rmult_le_pos; [left; apply amount_positive; assumption|]. destruct (keep d); [apply loss_nonneg|lra]. }
    destruct (keep e) eqn:E.
    + split; [reflexivity|]. rewrite cost_of_exp. apply near_by_loss; assumption.
    + exfalso. assert (H := radius_passes_small G (cost_of Q mu e) r ltac:(lra) (radius_passes_above _ _ _ _ Hp (proj2 Hl))). lra.
Qed.

End Intervals.
