(* What convexity of the exponential says of the regularizer: how two points compare by the signs of A - B at each of them,
   and when a point is a minimum. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem.
Import ListNotations.
Open Scope R_scope.

(** Signs *)

Lemma exp_convex : forall a b, exp a * (b - a) <= exp b - exp a.
Proof.
  intros a b. replace b with (a + (b - a)) at 2 by ring. rewrite exp_plus.
  assert (0 < exp a) by apply exp_pos.
  assert (1 + (b - a) <= exp (b - a)) by apply exp_ineq1_le. nra.
Qed.

Lemma exp_convex_strict : forall a b, a <> b -> exp a * (b - a) < exp b - exp a.
Proof.
  intros a b Hne. replace b with (a + (b - a)) at 2 by ring. rewrite exp_plus.
  assert (0 < exp a) by apply exp_pos.
  assert (1 + (b - a) < exp (b - a)) by (apply exp_ineq1; lra). nra.
Qed.

Lemma exp_monotone_product : forall a b, 0 <= (exp a - exp b) * (a - b).
Proof.
  intros a b. assert (H1 := exp_convex a b). assert (H2 := exp_convex b a). nra.
Qed.

Lemma exp_monotone_product_zero : forall a b, (exp a - exp b) * (a - b) <= 0 -> a = b.
Proof.
  intros a b H. destruct (Req_dec a b) as [|Hne]; [assumption|].
  assert (H1 := exp_convex_strict a b Hne). assert (H2 := exp_convex_strict b a (not_eq_sym Hne)). nra.
Qed.

Lemma term_at_nonneg : forall x e, well_formed_term e -> 0 <= term_at x e.
Proof.
  intros x e (H & _). unfold term_at. apply Rmult_le_pos; [exact H|]. left. apply exp_pos.
Qed.

Lemma term_at_pos : forall x e, 0 < cost e -> 0 < term_at x e.
Proof. intros x e H. unfold term_at. apply Rmult_lt_0_compat; [exact H|apply exp_pos]. Qed.

Lemma term_at_le : forall x y e, well_formed_term e -> slope x e <= slope y e -> term_at x e <= term_at y e.
Proof.
  intros x y e (H & _) Hs. unfold term_at. apply Rmult_le_compat_l; [exact H|]. apply exp_le. exact Hs.
Qed.

Lemma enters_true : forall i e, enters i e = true <-> target e = i /\ source e <> i.
Proof.
  intros i e. unfold enters. rewrite Bool.andb_true_iff, Bool.negb_true_iff, Nat.eqb_eq, Nat.eqb_neq. reflexivity.
Qed.

Lemma leaves_true : forall i e, leaves i e = true <-> source e = i /\ target e <> i.
Proof.
  intros i e. unfold leaves. rewrite Bool.andb_true_iff, Bool.negb_true_iff, Nat.eqb_eq, Nat.eqb_neq. reflexivity.
Qed.

Definition minus (x y : nat -> R) (i : nat) : R := x i - y i.
Definition larger (x y : nat -> R) (i : nat) : R := Rmax (x i) (y i).
Definition moved (x : nat -> R) (i : nat) (v : R) (k : nat) : R := if (k =? i)%nat then v else x k.

Lemma slope_minus : forall x y e, slope (minus x y) e = slope x e - slope y e.
Proof. intros. unfold slope, minus. ring. Qed.

Lemma moved_same : forall x i v, moved x i v i = v.
Proof. intros. unfold moved. rewrite Nat.eqb_refl. reflexivity. Qed.

Lemma moved_other : forall x i v k, k <> i -> moved x i v k = x k.
Proof. intros x i v k H. unfold moved. destruct (Nat.eqb_spec k i); [contradiction|reflexivity]. Qed.

(* A grows with the unit's own potential and falls with those of the others; B the other way round. *)
Lemma input_le : forall P x y i,
  well_formed P -> x i <= y i -> (forall j, j <> i -> y j <= x j) -> input P x i <= input P y i.
Proof.
  intros P x y i [_ Hw] Hi Ho. apply sum_over_le. intros e Hin.
  destruct (enters i e) eqn:E; [|lra]. apply enters_true in E. destruct E as [Et Es].
  destruct (Hw e Hin) as (Hc & Hb & Ha & Hl).
  apply Rmult_le_compat_l; [lra|]. apply term_at_le; [exact (Hw e Hin)|].
  unfold slope. rewrite Et. specialize (Ho _ Es). nra.
Qed.

Lemma output_le : forall P x y i,
  well_formed P -> x i <= y i -> (forall j, j <> i -> y j <= x j) -> output P y i <= output P x i.
Proof.
  intros P x y i Hw Hi Ho. rewrite <- !input_reversed. apply input_le.
  - apply well_formed_reversed. exact Hw.
  - unfold negated. lra.
  - intros j Hj. unfold negated. specialize (Ho j Hj). lra.
Qed.

(** Summation by parts: the gradient of the regularizer against a direction. *)

Lemma pairing : forall P x d,
  well_formed P -> potential P d ->
  sum_over (hidden P) (fun i => d i * (input P x i - output P x i))
  = sum_over (terms P) (fun e => term_at x e * slope d e).
Proof.
  intros P x d [Hn Hw] Hd. unfold input, output.
  transitivity (sum_over (hidden P) (fun i => sum_over (terms P) (fun e =>
    d i * ((if enters i e then target_exponent e * term_at x e else 0)
         - (if leaves i e then source_exponent e * term_at x e else 0))))).
  { apply sum_over_ext. intros i _. rewrite sum_over_scale, sum_over_minus. reflexivity. }
  rewrite sum_over_swap. apply sum_over_ext. intros e Hin.
  destruct (Nat.eq_dec (source e) (target e)) as [Eq|Ne].
  - rewrite sum_over_zero.
    + destruct (Hw e Hin) as (_ & _ & _ & Hl). unfold slope. rewrite Eq, (Hl Eq). ring.
    + intros i _. unfold enters, leaves. rewrite Eq. rewrite Bool.andb_negb_r. ring.
  - transitivity (sum_over (hidden P) (fun i =>
      d i * (if (target e =? i)%nat then target_exponent e * term_at x e else 0)
      - d i * (if (source e =? i)%nat then source_exponent e * term_at x e else 0))).
    + apply sum_over_ext. intros i _. unfold enters, leaves.
      destruct (Nat.eqb_spec (target e) i), (Nat.eqb_spec (source e) i); simpl; try ring.
      exfalso. apply Ne. congruence.
    + rewrite sum_over_minus, !sum_over_single; auto. unfold slope. ring.
Qed.

(** Comparison: where x exceeds y, x must not want to fall nor y to rise. *)

Lemma comparison_slopes : forall P x y,
  well_formed P -> potential P x -> potential P y ->
  (forall i, In i (hidden P) -> y i < x i -> input P x i <= output P x i /\ output P y i <= input P y i) ->
  forall e, In e (terms P) -> 0 < cost e -> slope (minus (larger x y) y) e = 0.
Proof.
  intros P x y Hwf Hx Hy H.
  pose (m := larger x y). pose (d := minus m y).
  assert (potential P d) as Hd.
  { intros i Hi. unfold d, minus, m, larger. rewrite Hx, Hy by exact Hi. rewrite Rmax_left; lra. }
  assert (forall e, In e (terms P) -> (term_at m e - term_at y e) * slope d e = 0) as Hz.
  { apply sum_over_nonneg_zero.
    - intros e Hin. unfold d. rewrite slope_minus. unfold term_at.
      rewrite <- Rmult_minus_distr_l, Rmult_assoc.
      apply Rmult_le_pos; [apply Hwf; exact Hin|apply exp_monotone_product].
    - rewrite (sum_over_ext _ _ (fun e => term_at m e * slope d e - term_at y e * slope d e)) by (intros; ring).
      rewrite sum_over_minus, <- !pairing, <- sum_over_minus by assumption.
      rewrite <- (sum_over_zero (hidden P) (fun _ => 0)) by auto. apply sum_over_le. intros i Hi.
      rewrite <- Rmult_minus_distr_l.
      destruct (Rle_or_lt (x i) (y i)) as [Hle|Hlt].
      + unfold d, minus, m, larger. rewrite Rmax_right by exact Hle. lra.
      + destruct (H i Hi Hlt) as [Hx' Hy'].
        assert (m i = x i) as Em by (unfold m, larger; apply Rmax_left; lra).
        assert (input P m i <= input P x i).
        { apply input_le; [exact Hwf|lra|]. intros j _. apply Rmax_l. }
        assert (output P x i <= output P m i).
        { apply output_le; [exact Hwf|lra|]. intros j _. apply Rmax_l. }
        assert (0 <= d i) by (unfold d, minus; lra). nra. }
  intros e Hin Hc. specialize (Hz e Hin). fold m d. unfold d in *. rewrite slope_minus in *.
  unfold term_at in Hz. rewrite <- Rmult_minus_distr_l, Rmult_assoc in Hz.
  apply Rmult_integral in Hz. destruct Hz as [Hz|Hz]; [lra|].
  assert (slope m e = slope y e) by (apply exp_monotone_product_zero; lra). lra.
Qed.

Lemma joined_zero : forall P d i j,
  well_formed P -> (forall e, In e (terms P) -> 0 < cost e -> slope d e = 0) ->
  joined P i j -> d j = 0 -> d i = 0.
Proof.
  intros P d i j [_ Hw] Hs (e & Hin & Hc & H) Hj. specialize (Hs e Hin Hc). unfold slope in Hs.
  destruct (Hw e Hin) as (_ & Hb & Ha & _).
  destruct H as [[Hi Hj']|[Hi Hj']]; rewrite Hi, Hj', Hj in Hs; nra.
Qed.

Lemma grounded_zero : forall P d,
  well_formed P -> potential P d -> (forall e, In e (terms P) -> 0 < cost e -> slope d e = 0) ->
  forall i, grounded P i -> d i = 0.
Proof.
  intros P d Hwf Hd Hs i H. induction H as [i Hi|i j Hj _ IH]; [apply Hd; exact Hi|].
  apply (joined_zero P d i j); assumption.
Qed.

Lemma all_grounded_all : forall P, all_grounded P -> forall i, grounded P i.
Proof.
  intros P H i. destruct (in_dec Nat.eq_dec i (hidden P)); [auto|apply grounded_visible; assumption].
Qed.

Lemma comparison_log : forall P x y,
  well_formed P -> all_grounded P -> potential P x -> potential P y ->
  (forall i, In i (hidden P) -> y i < x i -> input P x i <= output P x i /\ output P y i <= input P y i) ->
  forall i, x i <= y i.
Proof.
  intros P x y Hwf Hg Hx Hy H i.
  assert (minus (larger x y) y i = 0) as Hz.
  { apply (grounded_zero P); try assumption.
    - intros k Hk. unfold minus, larger. rewrite Hx, Hy by exact Hk. rewrite Rmax_left; lra.
    - apply comparison_slopes; assumption.
    - apply all_grounded_all. exact Hg. }
  unfold minus, larger in Hz. assert (Hm := Rmax_l (x i) (y i)). lra.
Qed.

(** Minima *)

Lemma total_above_tangent : forall P x y,
  well_formed P -> potential P x -> potential P y ->
  total P x + sum_over (hidden P) (fun i => (y i - x i) * (input P x i - output P x i)) <= total P y.
Proof.
  intros P x y Hwf Hx Hy.
  change (sum_over (hidden P) _) with
    (sum_over (hidden P) (fun i => minus y x i * (input P x i - output P x i))).
  rewrite pairing; [|exact Hwf|].
  2:{ intros i Hi. unfold minus. rewrite Hx, Hy by exact Hi. ring. }
  unfold total. rewrite <- sum_over_plus. apply sum_over_le. intros e Hin.
  rewrite slope_minus. unfold term_at. assert (Hc := exp_convex (slope x e) (slope y e)).
  destruct Hwf as [_ Hw]. destruct (Hw e Hin) as (H & _). nra.
Qed.

Lemma total_at_tangent : forall P x y,
  well_formed P -> potential P x -> potential P y ->
  total P y <= total P x + sum_over (hidden P) (fun i => (y i - x i) * (input P x i - output P x i)) ->
  forall e, In e (terms P) -> 0 < cost e -> slope y e = slope x e.
Proof.
  intros P x y Hwf Hx Hy H e Hin Hc.
  change (sum_over (hidden P) _) with
    (sum_over (hidden P) (fun i => minus y x i * (input P x i - output P x i))) in H.
  rewrite pairing in H; [|exact Hwf|].
  2:{ intros i Hi. unfold minus. rewrite Hx, Hy by exact Hi. ring. }
  unfold total in H. rewrite <- sum_over_plus in H.
  destruct (Req_dec (slope x e) (slope y e)) as [|Hne]; [now symmetry|]. exfalso.
  apply (Rle_not_lt _ _ H). apply sum_over_lt with e; [|exact Hin|].
  - intros f Hf. rewrite slope_minus. unfold term_at.
    assert (Hx' := exp_convex (slope x f) (slope y f)).
    destruct Hwf as [_ Hw]. destruct (Hw f Hf) as (H' & _). nra.
  - rewrite slope_minus. unfold term_at. assert (Hx' := exp_convex_strict _ _ Hne). nra.
Qed.

(* No neighbouring point in the directions that are allowed is lower: a minimum over the points y that lie in those directions. *)
Lemma minimum_log : forall P x y,
  well_formed P -> potential P x -> potential P y ->
  (forall i, In i (hidden P) -> 0 <= (y i - x i) * (input P x i - output P x i)) ->
  total P x <= total P y /\
  (total P y <= total P x -> forall e, In e (terms P) -> 0 < cost e -> slope y e = slope x e).
Proof.
  intros P x y Hwf Hx Hy H.
  assert (Ht := total_above_tangent P x y Hwf Hx Hy).
  assert (0 <= sum_over (hidden P) (fun i => (y i - x i) * (input P x i - output P x i)))
    by (apply sum_over_nonneg; exact H).
  split; [lra|]. intros Hle. apply total_at_tangent; auto. lra.
Qed.

Lemma stationary_minimum : forall P x y,
  well_formed P -> stationary P x -> potential P y ->
  total P x <= total P y /\
  (total P y <= total P x -> forall e, In e (terms P) -> 0 < cost e -> slope y e = slope x e).
Proof.
  intros P x y Hwf [Hx Hs] Hy. apply minimum_log; auto.
  intros i Hi. rewrite (Hs i Hi). lra.
Qed.

Lemma stationary_unique : forall P x y,
  well_formed P -> all_grounded P -> stationary P x -> stationary P y -> forall i, x i = y i.
Proof.
  intros P x y Hwf Hg [Hx Hbx] [Hy Hby] i.
  apply Rle_antisym; apply (comparison_log P); auto; intros j Hj _; rewrite Hbx, Hby by exact Hj; lra.
Qed.
