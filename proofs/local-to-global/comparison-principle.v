(* If μ has A <= B at every hidden unit then μ <= μ* everywhere; if A >= B everywhere, μ >= μ*. Two such vectors lower <= upper prove
   that every balanced multiplier lies between them. So too for mixtures of L_p and for tied units.

   Hypotheses: μ* exists; non-zero synapses join every hidden unit to the ground, in whatever direction. Passing both tests
   proves existence.

   The problem is any finite list of terms (general/balancing_problem.v): L_p for every real p > 0, mixtures, parallel synapses, tied
   units and units of any positive degree.

   enclosure_certificate is the rule `enclosure` of the program's kernel (kernel/src/check/comparison.rs). The kernel's synapse with
   direction d at its target, -d' at its source and cost a b^p r^q is the term of cost a b^p with exponents q d and q d'; a synapse with
   several costs is several terms; one that touches a single variable has a visible unit at its other end. Then the kernel's A_v
   and B_v are input_cost and output_cost, its `free` variables are `free`, and the scaling that changes no weight, which it
   finds for each component away from the ground (Problem::common_scaling), is `common`. Components away from the ground that have
   none, BiPU units whose cycles disagree, are free as they are: what is asked is that no direction of the free variables leaves
   all costs as they are (`determined`), which is so of what non-zero terms join to the ground or to a fixed variable too
   (grounded_determined). The theorem is about these real numbers.
   That the kernel compares them rightly (outward rounding, then exact rationals, refusing what stays undecided) is not part of it. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity box_solution.
Import ListNotations.
Open Scope R_scope.

Theorem comparison_principle : forall P mu best,
  well_formed P -> all_grounded P -> multipliers P mu -> balanced P best ->
  ((forall i, In i (hidden P) -> input_cost P mu i <= output_cost P mu i) -> forall i, mu i <= best i) /\
  ((forall i, In i (hidden P) -> output_cost P mu i <= input_cost P mu i) -> forall i, best i <= mu i).
Proof.
  intros P mu best Hwf Hg Hmu Hbest.
  assert (Hl := potential_log P mu Hmu). destruct (stationary_log P best Hbest) as [Hlb Hs].
  destruct Hmu as [Hpos _]. destruct Hbest as [[Hposb _] _].
  split; intros H i; apply log_le; auto.
  - apply (comparison_log P (log_of mu) (log_of best)); auto.
    intros j Hj _. specialize (H j Hj). rewrite input_log, output_log in H. rewrite Hs by exact Hj. lra.
  - apply (comparison_log P (log_of best) (log_of mu)); auto.
    intros j Hj _. specialize (H j Hj). rewrite input_log, output_log in H. rewrite Hs by exact Hj. lra.
Qed.

Theorem balanced_state_is_unique : forall P mu mu',
  well_formed P -> all_grounded P -> balanced P mu -> balanced P mu' -> forall i, mu i = mu' i.
Proof.
  intros P mu mu' Hwf Hg Hb Hb' i.
  destruct (comparison_principle P mu mu') as [H _]; try tauto; [apply Hb|].
  destruct (comparison_principle P mu' mu) as [H' _]; try tauto; [apply Hb'|].
  apply Rle_antisym; [apply H|apply H']; intros j Hj; right; [apply Hb|apply Hb']; exact Hj.
Qed.

(* The components away from the ground can be scaled as a whole. Of each, one unit is fixed at 1 and not free. The vector d says
   how: moving the logarithms of the multipliers along d changes no ratio, d moves the fixed unit v and otherwise free units. *)
Definition common (P : problem) (free : list nat) (v : nat) : Prop :=
  exists d, potential P d /\ (forall e, In e (terms P) -> 0 < cost e -> slope d e = 0) /\
    d v <> 0 /\ forall u, u <> v -> d u <> 0 -> In u free.

Lemma fixed_unit_balances : forall P free v x,
  well_formed P -> In v (hidden P) -> common P free v ->
  (forall i, In i free -> input P x i = output P x i) -> input P x v = output P x v.
Proof.
  intros P free v x Hwf Hv (d & Hd & Hs & Hdv & Hfree) Hx.
  assert (Hp := pairing P x d Hwf Hd).
  rewrite (sum_over_zero (terms P)) in Hp.
  2:{ intros e Hin. destruct (Rle_or_lt (cost e) 0) as [Hc|Hc].
      - destruct Hwf as [_ Hw]. destruct (Hw e Hin) as (H0 & _). unfold term_at. replace (cost e) with 0 by lra. ring.
      - rewrite (Hs e Hin Hc). ring. }
  rewrite (sum_over_ext _ _ (fun i => d i * (if (v =? i)%nat then input P x v - output P x v else 0))) in Hp.
  - rewrite sum_over_single in Hp; [|apply Hwf|apply Hd].
    apply Rmult_integral in Hp. destruct Hp; [contradiction|lra].
  - intros i Hi. destruct (Nat.eqb_spec v i) as [->|Hne]; [reflexivity|].
    destruct (Req_dec (d i) 0) as [->|Hdi]; [ring|].
    rewrite (Hx i) by (apply Hfree; auto). ring.
Qed.

(* Multipliers are determined: no direction but 0 leaves all nonzero costs as they are. *)
Definition determined (P : problem) : Prop :=
  forall d, potential P d -> (forall e, In e (terms P) -> 0 < cost e -> slope d e = 0) -> forall i, d i = 0.

Lemma grounded_determined : forall P, well_formed P -> all_grounded P -> determined P.
Proof. intros P Hwf Hg d Hp Hd i. apply (grounded_zero P d); auto. apply all_grounded_all. exact Hg. Qed.

Lemma determined_unique : forall P x y,
  well_formed P -> determined P -> stationary P x -> stationary P y -> forall i, x i = y i.
Proof.
  intros P x y Hwf Hd Hx Hy i.
  destruct (stationary_minimum P x y Hwf Hx (proj1 Hy)) as [Hle Hs].
  destruct (stationary_minimum P y x Hwf Hy (proj1 Hx)) as [Hle' _].
  assert (minus y x i = 0) as H; [|unfold minus in H; lra].
  apply Hd.
  - intros j Hj. unfold minus. rewrite (proj1 Hx j Hj), (proj1 Hy j Hj). ring.
  - intros e Hin Hc. rewrite slope_minus, (Hs Hle' e Hin Hc). ring.
Qed.

Theorem enclosure_certificate : forall P free lower upper,
  let fixed := Problem free (terms P) in
  well_formed P -> NoDup free -> incl free (hidden P) ->
  determined fixed ->
  (forall v, In v (hidden P) -> ~ In v free -> common P free v) ->
  multipliers fixed lower -> multipliers fixed upper -> (forall i, lower i <= upper i) ->
  (forall i, In i free -> input_cost P lower i <= output_cost P lower i) ->
  (forall i, In i free -> output_cost P upper i <= input_cost P upper i) ->
  exists best,
    balanced P best /\
    (forall i, lower i <= best i <= upper i) /\
    (forall mu, multipliers P mu -> regularizer P best <= regularizer P mu) /\
    (forall mu, multipliers P mu -> regularizer P mu <= regularizer P best ->
       forall e, In e (terms P) -> cost_at mu e = cost_at best e) /\
    (forall mu, balanced P mu -> (forall v, In v (hidden P) -> ~ In v free -> mu v = 1) ->
       forall i, mu i = best i).
Proof.
  intros P free lower upper fixed Hwf Hn Hincl Hg Hcommon Hlow Hupp Hle Hl Hu.
  assert (well_formed fixed) as Hwff by (split; [exact Hn|apply Hwf]).
  destruct (balanced_within_exists fixed (log_of lower) (log_of upper)) as (x & Hx).
  { exact Hwff. }
  { split; [|split]; try (apply potential_log; assumption).
    intros i. apply log_le; [apply Hlow|apply Hupp|apply Hle]. }
  assert (box fixed (log_of lower) (log_of upper)) as Hbox.
  { split; [|split]; try (apply potential_log; assumption).
    intros i. apply log_le; [apply Hlow|apply Hupp|apply Hle]. }
  assert (stationary fixed x) as Hs.
  { apply (between_tests_stationary fixed (log_of lower) (log_of upper)); auto.
    - intros i Hi. specialize (Hl i Hi). rewrite input_log, output_log in Hl. exact Hl.
    - intros i Hi. specialize (Hu i Hi). rewrite input_log, output_log in Hu. exact Hu. }
  assert (stationary P x) as HsP.
  { destruct Hs as [Hp Hb]. split.
    - intros i Hi. apply Hp. intros Hf. apply Hi. apply Hincl. exact Hf.
    - intros i Hi. destruct (in_dec Nat.eq_dec i free) as [Hf|Hf]; [exact (Hb i Hf)|].
      apply (fixed_unit_balances P free); auto. }
  assert (forall mu, multipliers P mu -> total P x <= total P (log_of mu) /\
    (total P (log_of mu) <= total P x -> forall e, In e (terms P) -> 0 < cost e -> slope (log_of mu) e = slope x e)) as Hmin.
  { intros mu Hmu. apply stationary_minimum; auto. apply potential_log. exact Hmu. }
  exists (exp_of x). split; [apply balanced_exp; exact HsP|]. split; [|split; [|split]].
  - intros i. destruct Hx as [Hw _]. specialize (Hw i). unfold log_of, exp_of in *.
    split; apply log_le; rewrite ?ln_exp; try apply exp_pos; try apply Hlow; try apply Hupp; lra.
  - intros mu Hmu. rewrite !regularizer_log. rewrite (total_ext P (log_of (exp_of x)) x) by apply log_exp.
    apply Hmin. exact Hmu.
  - intros mu Hmu Hr e Hin. rewrite !regularizer_log in Hr.
    rewrite (total_ext P (log_of (exp_of x)) x) in Hr by apply log_exp.
    rewrite !cost_at_log. rewrite (term_at_ext (log_of (exp_of x)) x) by apply log_exp.
    destruct (Hmin mu Hmu) as [_ Hslope]. specialize (Hslope Hr e Hin). unfold term_at.
    destruct Hwf as [_ Hw]. destruct (Hw e Hin) as ([Hc|Hc] & _); [rewrite Hslope by exact Hc; reflexivity|].
    rewrite <- Hc. ring.
  - intros mu [Hmu Hb] Hone i.
    assert (stationary fixed (log_of mu)) as Hsm.
    { apply stationary_log. split; [|intros j Hj; apply Hb; apply Hincl; exact Hj].
      split; [apply Hmu|]. intros j Hj. simpl in Hj.
      destruct (in_dec Nat.eq_dec j (hidden P)) as [Hh|Hh]; [auto|apply Hmu; exact Hh]. }
    unfold exp_of. rewrite <- (determined_unique fixed (log_of mu) x Hwff Hg Hsm Hs i).
    unfold log_of. rewrite exp_ln; [reflexivity|apply Hmu].
Qed.

(* Where every hidden unit reaches the ground nothing is fixed: the two tests at all hidden units, and one minimum. *)
Corollary enclosure_of_a_grounded_network : forall P lower upper,
  well_formed P -> all_grounded P ->
  multipliers P lower -> multipliers P upper -> (forall i, lower i <= upper i) ->
  (forall i, In i (hidden P) -> input_cost P lower i <= output_cost P lower i) ->
  (forall i, In i (hidden P) -> output_cost P upper i <= input_cost P upper i) ->
  exists best,
    balanced P best /\
    (forall mu, multipliers P mu -> regularizer P best <= regularizer P mu) /\
    (forall mu, balanced P mu -> forall i, mu i = best i /\ lower i <= mu i <= upper i).
Proof.
  intros P lower upper Hwf Hg Hlow Hupp Hle Hl Hu.
  assert (P = Problem (hidden P) (terms P)) as E by (destruct P; reflexivity).
  destruct (enclosure_certificate P (hidden P) lower upper) as (best & Hb & Hin & Hmin & _ & Huniq);
    try rewrite <- E; auto using incl_refl, grounded_determined; try apply Hwf; try (intros; contradiction).
  exists best. split; [exact Hb|]. split; [exact Hmin|].
  intros mu Hmu i. assert (mu i = best i) as -> by (apply Huniq; [exact Hmu|intros; contradiction]).
  auto.
Qed.

(* For L_p and units of degree 1 the tests, and what is minimised, are sums of cost mu_target / mu_source. *)
Corollary enclosure_by_ratios : forall P lower upper,
  let weighted mu e := cost e * mu (target e) / mu (source e) in
  let A mu i := sum_over (terms P) (fun e => if enters i e then weighted mu e else 0) in
  let B mu i := sum_over (terms P) (fun e => if leaves i e then weighted mu e else 0) in
  plain P -> well_formed P -> all_grounded P ->
  multipliers P lower -> multipliers P upper -> (forall i, lower i <= upper i) ->
  (forall i, In i (hidden P) -> A lower i <= B lower i) ->
  (forall i, In i (hidden P) -> B upper i <= A upper i) ->
  exists best,
    multipliers P best /\ (forall i, In i (hidden P) -> A best i = B best i) /\
    (forall mu, multipliers P mu -> sum_over (terms P) (weighted best) <= sum_over (terms P) (weighted mu)) /\
    (forall mu, multipliers P mu -> (forall i, In i (hidden P) -> A mu i = B mu i) ->
       forall i, mu i = best i /\ lower i <= mu i <= upper i).
Proof.
  intros P lower upper weighted A B Hp Hwf Hg Hlow Hupp Hle Hl Hu.
  assert (forall mu i, (forall i, 0 < mu i) -> input_cost P mu i = A mu i) as HA
    by (intros; apply plain_input_cost; assumption).
  assert (forall mu i, (forall i, 0 < mu i) -> output_cost P mu i = B mu i) as HB
    by (intros; apply plain_output_cost; assumption).
  destruct (enclosure_of_a_grounded_network P lower upper) as (best & [Hm Hb] & Hmin & Huniq); auto.
  - intros i Hi. rewrite HA, HB by apply Hlow. auto.
  - intros i Hi. rewrite HA, HB by apply Hupp. auto.
  - exists best. split; [exact Hm|]. split; [|split].
    + intros i Hi. rewrite <- HA, <- HB by apply Hm. auto.
    + intros mu Hmu. specialize (Hmin mu Hmu).
      rewrite !plain_regularizer in Hmin by (auto; apply Hm || apply Hmu). exact Hmin.
    + intros mu Hmu Hmub. apply Huniq. split; [exact Hmu|].
      intros i Hi. rewrite HA, HB by apply Hmu. auto.
Qed.
