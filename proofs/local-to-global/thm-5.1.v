(* If every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights converge to the same W*,
   whatever the order.

   Corrected: If the minimum is attained (E6) and every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights
   converge to the same W*, whatever the order. L is unique on non-zero synapses, Λ on components that non-zero synapses join to
   a visible unit.

   thm_5_1 holds for any finite list of terms (general/balancing_problem.v): units of any positive degree, mixtures, tied units,
   recurrent networks, and with fewer hidden units than the network has (the others count as visible). It asks that
   non-zero terms join every hidden unit to the ground. A step is any change of one unit's multiplier after which that unit is
   balanced; balancing_converges has the step of L_p. Multipliers are those of costs, so for L_p the factor of a step is λ*^p. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity box_solution coercive convergence steps minima.
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

Lemma term_converges : forall (X : nat -> nat -> R) x e,
  (forall i, Un_cv (fun t => X t i) (x i)) -> Un_cv (fun t => term_at (X t) e) (term_at x e).
Proof.
  intros X x e H. unfold term_at. apply (CV_mult (fun _ => cost e) (fun t => exp (slope (X t) e))); [apply constant_converges|].
  apply exp_converges. unfold slope.
  apply (CV_minus (fun t => target_exponent e * X t (target e)) (fun t => source_exponent e * X t (source e)));
    [apply (CV_mult (fun _ => target_exponent e) (fun t => X t (target e)))
    |apply (CV_mult (fun _ => source_exponent e) (fun t => X t (source e)))];
    try apply constant_converges; apply H.
Qed.

Lemma sum_converges : forall {T} (l : list T) (f : nat -> T -> R) g,
  (forall e, Un_cv (fun t => f t e) (g e)) -> Un_cv (fun t => sum_over l (f t)) (sum_over l g).
Proof.
  induction l as [|e l IH]; intros f g H; simpl; [apply constant_converges|].
  apply (CV_plus (fun t => f t e) (fun t => sum_over l (f t))); auto.
Qed.

Theorem thm_5_1 : forall P,
  well_formed P -> all_grounded P -> attained P ->
  exists best, balanced P best /\ minimum P best /\
    forall order mu,
      fair (hidden P) order -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
      (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
      Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
      Un_cv (fun t => mu (S t) (order t) / mu t (order t)) 1 /\
      (forall i, Un_cv (fun t => mu t i) (best i)) /\
      (forall e, Un_cv (fun t => cost_at (mu t) e) (cost_at best e)).
Proof.
  intros P Hwf Hg (best & Hmin). exists best.
  assert (balanced P best) as Hb by (apply balanced_iff_minimum; assumption).
  split; [exact Hb|]. split; [exact Hmin|]. intros order mu Hfair Hstart Hstep.
  assert (Hs := stationary_log P best Hb).
  assert (forall t, multipliers P (mu t)) as Hmu.
  { induction t as [|t IH]; [exact Hstart|]. apply (balances_multipliers P (order t) (mu t)); auto. apply Hfair. }
  assert (forall t, step P (order t) (log_of (mu t)) (log_of (mu (S t)))) as Hst by (intros; apply balances_step; apply Hstep).
  assert (Hclose := fair_orders_converge P (log_of best) order (fun t => log_of (mu t)) Hwf Hg Hs Hfair
    (potential_log P _ Hstart) Hst).
  assert (forall i, Un_cv (fun t => log_of (mu t) i) (log_of best i)) as Hlog.
  { intros i. apply close_converges. intros e He. destruct (Hclose e He) as (N & HN). exists N. intros t Ht. apply HN. exact Ht. }
  assert (forall e, Un_cv (fun t => cost_at (mu t) e) (cost_at best e)) as Hcost.
  { intros e. rewrite cost_at_log.
    apply (Un_cv_ext (fun t => term_at (log_of (mu t)) e)); [intros t; symmetry; apply cost_at_log|].
    apply (term_converges (fun t => log_of (mu t))). exact Hlog. }
  split; [|split; [|split; [|split]]].
  - intros t. rewrite !regularizer_log. apply (step_lowers P (order t)); auto; [apply Hfair|apply potential_log; apply Hmu].
  - apply (sum_converges (terms P) (fun t => cost_at (mu t))). exact Hcost.
  - apply (Un_cv_ext (fun t => exp (log_of (mu (S t)) (order t) - log_of (mu t) (order t)))).
    + intros t. unfold Rminus. rewrite exp_plus, exp_Ropp. unfold log_of. rewrite !exp_ln by apply Hmu. reflexivity.
    + rewrite <- exp_0. apply exp_converges. apply close_converges. intros e He.
      destruct (Hclose (e / 2)) as (N & HN); [lra|]. exists N. intros t Ht.
      assert (H1 := HN (S t) ltac:(lia) (order t)). assert (H2 := HN t Ht (order t)).
      apply Rabs_le. unfold Rabs in H1, H2. destruct (Rcase_abs _), (Rcase_abs _); lra.
  - intros i. apply (Un_cv_ext (fun t => exp (log_of (mu t) i))); [intros t; apply exp_ln; apply Hmu|].
    rewrite <- (exp_ln (best i)) by apply Hmin. apply exp_converges. apply Hlog.
  - exact Hcost.
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
  plain P -> well_formed P -> all_grounded P -> attained P ->
  exists best, balanced P best /\ minimum P best /\
    forall order start,
      fair (hidden P) order -> multipliers P start ->
      let mu := run P order start in
      (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
      Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
      Un_cv (fun t => sqrt (output_cost P (mu t) (order t) / input_cost P (mu t) (order t))) 1 /\
      (forall i, Un_cv (fun t => mu t i) (best i)) /\
      (forall e, In e (terms P) ->
         Un_cv (fun t => cost e * mu t (target e) / mu t (source e)) (cost e * best (target e) / best (source e))).
Proof.
  intros P Hp Hwf Hg Hat. destruct (thm_5_1 P Hwf Hg Hat) as (best & Hb & Hmin & H).
  exists best. split; [exact Hb|]. split; [exact Hmin|]. intros order start Hfair Hstart mu.
  assert (forall t, multipliers P (mu t) /\ balances P (order t) (mu t) (mu (S t))) as Hmu.
  { induction t as [|t [IH IHs]].
    - split; [exact Hstart|]. assert (In (order O) (hidden P)) by apply Hfair.
      destruct (balanced_has_both P (order O) best (mu O) Hwf) as [HA HB]; auto.
      apply plain_step; auto. apply Hstart.
    - assert (multipliers P (mu (S t))) as Hm by (apply (balances_multipliers P (order t) (mu t)); auto; apply Hfair).
      split; [exact Hm|]. assert (In (order (S t)) (hidden P)) by apply Hfair.
      destruct (balanced_has_both P (order (S t)) best (mu (S t)) Hwf) as [HA HB]; auto.
      apply plain_step; auto. apply Hm. }
  destruct (H order mu Hfair Hstart (fun t => proj2 (Hmu t))) as (H1 & H2 & H3 & H4 & H5).
  split; [exact H1|]. split; [exact H2|]. split; [|split; [exact H4|]].
  - apply (Un_cv_ext (fun t => mu (S t) (order t) / mu t (order t))); [|exact H3].
    intros t. change (mu (S t)) with (balanced_at P (order t) (mu t)). unfold balanced_at.
    rewrite Nat.eqb_refl. field. apply Rgt_not_eq. apply Hmu.
  - intros e Hin. rewrite <- (plain_cost_at P best e Hp (proj1 (proj1 Hb)) Hin).
    apply (Un_cv_ext (fun t => cost_at (mu t) e)); [|apply H5].
    intros t. apply (plain_cost_at P); auto. apply Hmu.
Qed.
