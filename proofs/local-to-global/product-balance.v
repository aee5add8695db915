(* With products and ties of powers the cost is Σ c_e exp<a_e, x> with rational exponents a_e: convex in x = log μ. Where its minimum is
   attained, the balanced costs are unique, and balancing one variable at a time leads to them in every fair order. One variable is
   balanced by μ = sqrt(B/A) for exponents ±1, by (B/A)^(1/2q) for ±q, by (cB/A)^(1/(1+c)) for 1 and -c, else by the one root of
   Σ a c μ^a. Balancing all variables at once can diverge.

   Exponents may be any real numbers, and those of a term 0 at most variables (general/energy.v). *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem convexity convergence fractions energy energy_minima product_orders thm_5_1.
Import ListNotations.
Open Scope R_scope.

(* What minimises over one variable cannot be bettered by it. *)
Lemma balanced_variable_lowest : forall P x v a, positive_costs P -> (v < variables P)%nat -> push P x v = 0 ->
  whole P x <= whole P (moved x v a).
Proof.
  intros P x v a HP Hv H. assert (T := whole_above_tangent P x (moved x v a) HP).
  rewrite (sum_over_ext _ _ (fun e => (a - x v) * (amount P x e * exponent P e v))) in T.
  - rewrite sum_over_scale in T. fold (push P x v) in T. rewrite H in T. lra.
  - intros e _. rewrite form_difference, form_moved by exact Hv. ring.
Qed.

Theorem product_balance : forall P, positive_costs P ->
  (forall x z t, 0 <= t <= 1 -> whole P (between x z t) <= (1 - t) * whole P x + t * whole P z) /\
  (forall x, lowest P x <-> forall v, (v < variables P)%nat -> push P x v = 0) /\
  (forall x z e, lowest P x -> lowest P z -> In e (counted P) -> amount P x e = amount P z e) /\
  forall best, lowest P best ->
    forall order (X : nat -> nat -> R),
      fair (seq 0 (variables P)) order ->
      (forall t, (forall k, k <> order t -> X (S t) k = X t k) /\ push P (X (S t)) (order t) = 0) ->
      (forall t, whole P (X (S t)) <= whole P (X t)) /\
      Un_cv (fun t => whole P (X t)) (whole P best) /\
      forall e, In e (counted P) -> Un_cv (fun t => amount P (X t) e) (amount P best e).
Proof.
  intros P HP. split; [|split; [|split]].
  - intros x z t Ht. unfold whole. rewrite <- !sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
    unfold amount. rewrite form_between, form_difference. assert (Hc : 0 < coefficient P e) by (apply HP; exact He).
    set (p := form P x e). set (q := form P z e). set (m := p + t * (q - p)).
    assert (E1 := exp_convex m p). assert (E2 := exp_convex m q).
    apply (Rmult_le_compat_l (1 - t)) in E1; [|lra]. apply (Rmult_le_compat_l t) in E2; [|lra].
    assert (E3 : exp m <= (1 - t) * exp p + t * exp q).
    { assert ((1 - t) * (exp m * (p - m)) + t * (exp m * (q - m)) = 0) by (unfold m; ring). lra. }
    apply (Rmult_le_compat_l (coefficient P e)) in E3; lra.
  - intros x. rewrite (lowest_iff_steady P x HP). reflexivity.
  - intros x z e Hx Hz He. apply lowest_iff_steady in Hx, Hz; auto. apply (steady_costs_unique P x z e); assumption.
  - intros best Hlow order X Hfair Hstep. assert (Hbest : steady P best) by (apply lowest_iff_steady; assumption).
    assert (Hv : forall t, (order t < variables P)%nat) by (apply (visited P order Hfair)).
    assert (Hkeep : forall t k, k <> order t -> X (S t) k = X t k) by (intros t; apply (Hstep t)).
    assert (Hgain : forall t a, 1 * (whole P (X t) - whole P (moved (X t) (order t) a)) <= whole P (X t) - whole P (X (S t))).
    { intros t a. enough (whole P (X (S t)) <= whole P (moved (X t) (order t) a)) by lra.
      apply Rle_trans with (1 := balanced_variable_lowest P (X (S t)) (order t) a HP (Hv t) (proj2 (Hstep t))). right.
      apply whole_ext. intros k. unfold moved. destruct (Nat.eqb_spec k (order t)); [reflexivity|apply Hkeep; assumption]. }
    split; [exact (whole_falls P 1 order X Hgain)|].
    assert (Hcost : forall e, In e (counted P) -> Un_cv (fun t => amount P (X t) e) (amount P best e)).
    { intros e He. unfold amount. apply (CV_mult (fun _ => coefficient P e) (fun t => exp (form P (X t) e))); [apply constant_converges|].
      apply exp_converges, close_converges.
      exact (product_forms_converge P best 1 order X HP Hbest Rlt_0_1 Hfair Hkeep Hgain e He). }
    split; [|exact Hcost]. apply (sum_converges (counted P) (fun t => amount P (X t))). exact Hcost.
Qed.

(** One variable *)

Lemma power_balance : forall A B a b mu, 0 < A -> 0 < B -> 0 < mu -> 0 < a + b ->
  (A * Rpower mu a = B * Rpower mu (- b) <-> mu = Rpower (B / A) (/ (a + b))).
Proof.
  intros A B a b mu HA HB Hmu Hab. unfold Rpower. split.
  - intros H. apply (f_equal ln) in H. rewrite !ln_mult, !ln_exp in H by (try apply exp_pos; assumption).
    rewrite <- (exp_ln mu Hmu) at 1. f_equal. unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption).
    apply (Rmult_eq_reg_l (a + b)); [|lra]. rewrite <- Rmult_assoc, Rinv_r by lra. lra.
  - intros ->. rewrite !ln_exp. unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption).
    rewrite <- (exp_ln A HA) at 1. rewrite <- (exp_ln B HB) at 2. rewrite <- !exp_plus. f_equal. field. lra.
Qed.

(* Σ a c exp (a y), for terms (c, a). *)
Definition slope_at (l : list (R * R)) (y : R) : R := sum_over l (fun t => snd t * fst t * exp (snd t * y)).

Lemma slope_increases : forall l y y', (forall t, In t l -> 0 < fst t) -> (exists t, In t l /\ snd t <> 0) -> y < y' -> slope_at l y < slope_at l y'.
Proof.
  intros l y y' Hc (t & Ht & Hne) Hy.
  assert (Hone : forall t, In t l -> snd t * fst t * exp (snd t * y) <= snd t * fst t * exp (snd t * y')).
  { intros s Hs. assert (Hp := Hc s Hs). destruct (Rle_or_lt 0 (snd s)) as [H|H].
    - apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|]. apply exp_le. apply Rmult_le_compat_l; lra.
    - assert (exp (snd s * y') <= exp (snd s * y)) by (apply exp_le; nra). assert (snd s * fst s <= 0) by nra. nra. }
  apply (sum_over_lt l _ _ t); [exact Hone|exact Ht|]. assert (Hp := Hc t Ht). destruct (Rtotal_order (snd t) 0) as [H|[H|H]]; [|contradiction|].
  - assert (exp (snd t * y') < exp (snd t * y)) by (apply exp_increasing; nra). assert (snd t * fst t < 0) by nra. nra.
  - assert (exp (snd t * y) < exp (snd t * y')) by (apply exp_increasing; nra). assert (0 < snd t * fst t) by (apply Rmult_lt_0_compat; lra). nra.
Qed.

Lemma slope_positive_far : forall l, (forall t, In t l -> 0 < fst t) -> (exists t, In t l /\ 0 < snd t) -> exists y, 0 < slope_at l y.
Proof.
  intros l Hc (t & Ht & Hp). assert (Hct := Hc t Ht).
  set (N := sum_over l (fun s => Rabs (snd s) * fst s)).
  assert (HN : 0 <= N) by (apply sum_over_nonneg; intros s Hs; apply Rmult_le_pos; [apply Rabs_pos|left; apply Hc; exact Hs]).
  assert (Hk : 0 < snd t * fst t) by (apply Rmult_lt_0_compat; assumption).
  exists (N / (snd t * fst t * snd t)). set (y := N / (snd t * fst t * snd t)).
  assert (Hk2 : 0 < snd t * fst t * snd t) by (apply Rmult_lt_0_compat; assumption).
  assert (Hy : 0 <= y) by (apply Rle_mult_inv_pos; assumption).
  assert (Hmember : snd t * fst t * exp (snd t * y) <= slope_at l y + N).
  { unfold slope_at, N. rewrite <- sum_over_plus.
    apply Rle_trans with (snd t * fst t * exp (snd t * y) + Rabs (snd t) * fst t).
    - assert (0 <= Rabs (snd t) * fst t) by (apply Rmult_le_pos; [apply Rabs_pos|lra]). lra.
    - apply (sum_over_member l (fun s => snd s * fst s * exp (snd s * y) + Rabs (snd s) * fst s)); [|exact Ht].
      intros s Hs. assert (Hcs := Hc s Hs). assert (He := exp_pos (snd s * y)). destruct (Rle_or_lt 0 (snd s)) as [H|H].
      + rewrite Rabs_right by lra. assert (0 <= snd s * fst s) by (apply Rmult_le_pos; lra). nra.
      + rewrite Rabs_left by lra. assert (exp (snd s * y) <= 1).
        { rewrite <- exp_0. apply exp_le. nra. }
        assert (0 <= - snd s * fst s) by (apply Rmult_le_pos; lra). nra. }
  assert (1 + snd t * y <= exp (snd t * y)) by apply exp_ineq1_le.
  assert (E : snd t * fst t * (snd t * y) = N) by (unfold y; field; lra). nra.
Qed.

Lemma slope_continuous : forall l, continuity (slope_at l).
Proof.
  induction l as [|t l IH]; [apply continuity_const; intros a b; reflexivity|].
  apply (continuity_plus (fun y => snd t * fst t * exp (snd t * y)) (slope_at l)); [|exact IH].
  apply (continuity_scal (fun y => exp (snd t * y))). apply (continuity_comp (fun y => snd t * y) exp).
  - apply (continuity_scal (fun y => y)). apply derivable_continuous, derivable_id.
  - apply derivable_continuous, derivable_exp.
Qed.

Theorem one_variable :
  (forall A B mu, 0 < A -> 0 < B -> 0 < mu -> (A * mu = B / mu <-> mu = sqrt (B / A))) /\
  (forall A B q mu, 0 < A -> 0 < B -> 0 < q -> 0 < mu ->
     (q * (A * Rpower mu q) = q * (B * Rpower mu (- q)) <-> mu = Rpower (B / A) (/ (2 * q)))) /\
  (forall A B c mu, 0 < A -> 0 < B -> 0 < c -> 0 < mu ->
     (A * mu = c * (B * Rpower mu (- c)) <-> mu = Rpower (c * B / A) (/ (1 + c)))) /\
  (* Terms (c, a) of cost c μ^a, some of which rise and some fall. *)
  (forall l : list (R * R), (forall t, In t l -> 0 < fst t) ->
     (exists t, In t l /\ 0 < snd t) -> (exists t, In t l /\ snd t < 0) ->
     exists mu, (0 < mu /\ sum_over l (fun t => snd t * fst t * Rpower mu (snd t)) = 0) /\
       forall nu, 0 < nu -> sum_over l (fun t => snd t * fst t * Rpower nu (snd t)) = 0 -> nu = mu).
Proof.
  split; [|split; [|split]].
  - intros A B mu HA HB Hmu. assert (Hq : 0 < B / A) by (apply Rdiv_lt_0_compat; assumption).
    rewrite <- (Rpower_sqrt (B / A) Hq). replace (/ 2) with (/ (1 + 1)) by (f_equal; ring).
    rewrite <- (power_balance A B 1 1 mu HA HB Hmu ltac:(lra)), Rpower_Ropp, Rpower_1 by exact Hmu. reflexivity.
  - intros A B q mu HA HB Hq Hmu. replace (2 * q) with (q + q) by ring. rewrite <- (power_balance A B q q mu HA HB Hmu ltac:(lra)).
    split; intros H; [apply (Rmult_eq_reg_l q); lra|rewrite H; reflexivity].
  - intros A B c mu HA HB Hc Hmu. rewrite <- (power_balance A (c * B) 1 c mu HA ltac:(apply Rmult_lt_0_compat; assumption) Hmu ltac:(lra)).
    rewrite Rpower_1 by exact Hmu. rewrite Rmult_assoc. reflexivity.
  - intros l Hc Hup Hdown.
    assert (Hnz : exists t, In t l /\ snd t <> 0) by (destruct Hup as (t & Ht & H); exists t; split; [exact Ht|lra]).
    destruct (slope_positive_far l Hc Hup) as (high & Hhigh).
    destruct (slope_positive_far (map (fun t => (fst t, - snd t)) l)) as (low & Hlow).
    { intros t Ht. apply in_map_iff in Ht. destruct Ht as (s & <- & Hs). simpl. auto. }
    { destruct Hdown as (t & Ht & H). exists (fst t, - snd t). split; [apply (in_map (fun t => (fst t, - snd t))); exact Ht|simpl; lra]. }
    assert (Elow : slope_at l (- low) < 0).
    { enough (slope_at (map (fun t => (fst t, - snd t)) l) low = - slope_at l (- low)) by lra.
      unfold slope_at. rewrite sum_over_map. simpl. replace (- sum_over l (fun t => snd t * fst t * exp (snd t * - low)))
        with (-1 * sum_over l (fun t => snd t * fst t * exp (snd t * - low))) by ring.
      rewrite <- sum_over_scale. apply sum_over_ext. intros t _. replace (- snd t * low) with (snd t * - low) by ring. ring. }
    assert (Hlt : - low < high).
    { destruct (Rlt_or_le (- low) high) as [|Hle]; [assumption|exfalso].
      assert (slope_at l high <= slope_at l (- low)); [|lra].
      destruct Hle as [H|H]; [left; apply slope_increases; assumption|rewrite H; lra]. }
    destruct (IVT (slope_at l) (- low) high (slope_continuous l) Hlt Elow Hhigh) as (y & _ & Hy).
    exists (exp y). split; [split; [apply exp_pos|]|].
    + rewrite <- Hy. apply sum_over_ext. intros t _. unfold Rpower. rewrite ln_exp. reflexivity.
    + intros nu Hnu H. assert (E : slope_at l (ln nu) = 0) by exact H.
      rewrite <- (exp_ln nu Hnu). f_equal. destruct (Rtotal_order (ln nu) y) as [Hl|[He|Hg]]; [|exact He|]; exfalso.
      * assert (slope_at l (ln nu) < slope_at l y) by (apply slope_increases; assumption). lra.
      * assert (slope_at l y < slope_at l (ln nu)) by (apply slope_increases; assumption). lra.
Qed.

(** All variables at once *)

(* a + b + c + d + 32/(abcd) *)
Definition four : powers :=
  Powers 4 (seq 0 5) (fun e => if Nat.eqb e 4 then 32 else 1) (fun e v => if Nat.eqb e 4 then -1 else if Nat.eqb e v then 1 else 0).

Theorem all_at_once_can_diverge :
  lowest four (fun _ => ln 2) /\
  (* From multipliers exp s everywhere each variable by itself is balanced by exp ((ln 32 - 3 s)/2). *)
  (forall v s a, (v < 4)%nat -> (push four (moved (fun _ => s) v a) v = 0 <-> a = (ln 32 - 3 * s) / 2)) /\
  (* So that the distance from the minimum grows by 3/2 each time. *)
  forall s : nat -> R, (forall t, s (S t) = (ln 32 - 3 * s t) / 2) -> forall t, Rabs (s t - ln 2) = (3 / 2) ^ t * Rabs (s O - ln 2).
Proof.
  assert (HP : positive_costs four) by (intros e _; simpl; destruct (Nat.eqb e 4); lra).
  assert (L32 : ln 32 = 5 * ln 2).
  { replace 32 with (2 * (2 * (2 * (2 * 2)))) by ring. rewrite !ln_mult by lra. ring. }
  assert (Hpush : forall v s a, (v < 4)%nat -> push four (moved (fun _ => s) v a) v = exp a - 32 * exp (- (3 * s + a))).
  { intros v s a Hv. unfold push, amount, form, four, moved. simpl.
    destruct v as [|[|[|[|v]]]]; [| | | |lia]; simpl; ring_simplify;
      (replace (- a - 3 * s) with (- (3 * s + a)) by ring || idtac);
      match goal with |- ?l = ?r => replace l with (exp a - 32 * exp (- (3 * s + a))); [reflexivity|] end;
      repeat (f_equal; try ring). }
  assert (Hzero : forall v s a, (v < 4)%nat -> (push four (moved (fun _ => s) v a) v = 0 <-> a = (ln 32 - 3 * s) / 2)).
  { intros v s a Hv. rewrite Hpush by exact Hv. rewrite <- (exp_ln 32) at 1 by lra. rewrite <- exp_plus. split.
    - intros H. assert (E : exp a = exp (ln 32 + - (3 * s + a))) by lra. apply exp_inv in E. lra.
    - intros ->. replace (ln 32 + - (3 * s + (ln 32 - 3 * s) / 2)) with ((ln 32 - 3 * s) / 2) by field. ring. }
  split; [|split; [exact Hzero|]].
  - apply lowest_iff_steady; [exact HP|]. intros v Hv. change (push four (fun _ => ln 2) v = 0).
    assert (E := proj2 (Hzero v (ln 2) (ln 2) Hv)). rewrite L32 in E. specialize (E ltac:(lra)). rewrite <- E. apply sum_over_ext. intros e _.
    unfold amount. f_equal. f_equal. f_equal. apply sum_ext. intros u _. f_equal. unfold moved. destruct (Nat.eqb u v); reflexivity.
  - intros s Hs. induction t as [|t IH]; [simpl; ring|]. rewrite Hs, L32.
    replace ((5 * ln 2 - 3 * s t) / 2 - ln 2) with (- (3 / 2) * (s t - ln 2)) by field.
    rewrite Rabs_mult, IH, Rabs_left by lra. simpl. ring.
Qed.
