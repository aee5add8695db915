(* The derivative of balancing at a balanced point, in logarithms: the multiplier that a step gives to a unit moves by the mean of its
   neighbours' moves, weighted by the costs. L_p, units of degree 1. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity existence convex_problem steps.
Import ListNotations.
Open Scope R_scope.

Lemma derivative_ext : forall f g t l, (forall z, f z = g z) -> derivable_pt_lim f t l -> derivable_pt_lim g t l.
Proof. intros f g t l E H e He. destruct (H e He) as (r & Hr). exists r. intros h Hh Hlt. rewrite <- !E. auto. Qed.

Lemma derivative_weighted : forall P x d (a : term -> R),
  derivable_pt_lim (fun t => sum_over (terms P) (fun e => term_at (added x t d) e * a e)) 0
    (sum_over (terms P) (fun e => term_at x e * slope d e * a e)).
Proof.
  intros P x d a. assert (H := derivative_of_sum_over (terms P) (fun e t => term_at (added x t d) e * a e)
    (fun e => term_at (added x 0 d) e * slope d e * a e) 0 (fun e => derivative_of_term x d (a e) e 0)).
  rewrite (sum_over_ext _ _ (fun e => term_at x e * slope d e * a e)) in H; [exact H|]. intros e _. rewrite added_zero. reflexivity.
Qed.

(* The moves of the units that synapses join to unit i, weighted by what the synapses cost. *)
Definition moves (P : problem) (x d : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if leaves i e then term_at x e * d (target e) else if enters i e then term_at x e * d (source e) else 0).

Lemma derivative_of_a_step : forall P x d i,
  plain P -> well_formed P -> 0 < input P x i -> input P x i = output P x i ->
  derivable_pt_lim (fun t => log_of (balanced_at P i (exp_of (added x t d))) i) 0 (moves P x d i / (input P x i + output P x i)).
Proof.
  intros P x d i Hp Hwf HA Hbal.
  pose (into := fun e => if enters i e then 1 else 0). pose (out := fun e => if leaves i e then 1 else 0).
  assert (HI : forall y, input P y i = sum_over (terms P) (fun e => term_at y e * into e)).
  { intros y. apply sum_over_ext. intros e He. unfold into. rewrite (proj2 (Hp e He)). destruct (enters i e); ring. }
  assert (HO : forall y, output P y i = sum_over (terms P) (fun e => term_at y e * out e)).
  { intros y. apply sum_over_ext. intros e He. unfold out. rewrite (proj1 (Hp e He)). destruct (leaves i e); ring. }
  assert (HposI : forall y, 0 < input P y i) by (intros y; apply (input_positive_iff P x) in HA; [|exact Hwf]; apply input_positive_iff; assumption).
  assert (HposO : forall y, 0 < output P y i).
  { intros y. assert (HB : 0 < output P x i) by lra. rewrite <- input_reversed in HB |- *.
    apply input_positive_iff in HB; [|apply well_formed_reversed, Hwf]. apply input_positive_iff; [apply well_formed_reversed, Hwf|exact HB]. }
  apply (derivative_ext (fun t => (x i + t * d i) + / 2 * (ln (output P (added x t d) i) - ln (input P (added x t d) i)))).
  { intros t. unfold log_of, balanced_at. rewrite Nat.eqb_refl, input_log, output_log.
    rewrite (input_ext P (log_of (exp_of (added x t d))) (added x t d)), (output_ext P (log_of (exp_of (added x t d))) (added x t d)) by apply log_exp.
    assert (H1 := HposI (added x t d)). assert (H2 := HposO (added x t d)).
    rewrite ln_mult; [|apply exp_pos|apply sqrt_lt_R0, Rdiv_lt_0_compat; assumption].
    rewrite <- Rpower_sqrt by (apply Rdiv_lt_0_compat; assumption). unfold Rpower, exp_of, added. rewrite !ln_exp.
    unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption). ring. }
  assert (DI : derivable_pt_lim (fun t => input P (added x t d) i) 0 (sum_over (terms P) (fun e => term_at x e * slope d e * into e))).
  { apply (derivative_ext (fun t => sum_over (terms P) (fun e => term_at (added x t d) e * into e))); [intros; symmetry; apply HI|apply derivative_weighted]. }
  assert (DO : derivable_pt_lim (fun t => output P (added x t d) i) 0 (sum_over (terms P) (fun e => term_at x e * slope d e * out e))).
  { apply (derivative_ext (fun t => sum_over (terms P) (fun e => term_at (added x t d) e * out e))); [intros; symmetry; apply HO|apply derivative_weighted]. }
  assert (E0 : forall e, term_at (added x 0 d) e = term_at x e) by (intros; apply added_zero).
  assert (I0 : input P (added x 0 d) i = input P x i) by (rewrite !HI; apply sum_over_ext; intros; rewrite E0; reflexivity).
  assert (O0 : output P (added x 0 d) i = output P x i) by (rewrite !HO; apply sum_over_ext; intros; rewrite E0; reflexivity).
  assert (LI := derivable_pt_lim_comp _ ln 0 _ _ DI (derivable_pt_lim_ln _ (HposI (added x 0 d)))).
  assert (LO := derivable_pt_lim_comp _ ln 0 _ _ DO (derivable_pt_lim_ln _ (HposO (added x 0 d)))).
  rewrite I0 in LI. rewrite O0 in LO.
  assert (LL := derivable_pt_lim_scal _ (/ 2) _ _ (derivable_pt_lim_minus _ _ _ _ _ LO LI)).
  assert (DX : derivable_pt_lim (fun t => x i + t * d i) 0 (d i)).
  { assert (L1 := derivable_pt_lim_plus _ _ _ _ _ (derivable_pt_lim_scal (fun t => t) (d i) 0 1 (derivable_pt_lim_id 0)) (derivable_pt_lim_const (x i) 0)).
    replace (d i * 1 + 0) with (d i) in L1 by ring. refine (derivative_ext _ (fun t => x i + t * d i) _ _ _ L1). intros t. unfold plus_fct, mult_real_fct, fct_cte. ring. }
  assert (H := derivable_pt_lim_plus _ _ _ _ _ DX LL).
  eapply derivative_ext; [intros t; reflexivity|].
  replace (moves P x d i / (input P x i + output P x i)) with
    (d i + / 2 * (/ output P x i * sum_over (terms P) (fun e => term_at x e * slope d e * out e) - / input P x i * sum_over (terms P) (fun e => term_at x e * slope d e * into e))).
  { exact H. }
  (* slopes written out *)
  assert (SO : sum_over (terms P) (fun e => term_at x e * slope d e * out e) =
    sum_over (terms P) (fun e => if leaves i e then term_at x e * d (target e) else 0) - d i * output P x i).
  { rewrite HO, <- sum_over_scale, <- sum_over_minus. apply sum_over_ext. intros e He. unfold out, slope. destruct (Hp e He) as (-> & ->).
    destruct (leaves i e) eqn:L; [|ring]. apply leaves_true in L. rewrite (proj1 L). ring. }
  assert (SI : sum_over (terms P) (fun e => term_at x e * slope d e * into e) =
    d i * input P x i - sum_over (terms P) (fun e => if enters i e then term_at x e * d (source e) else 0)).
  { rewrite HI, <- sum_over_scale, <- sum_over_minus. apply sum_over_ext. intros e He. unfold into, slope. destruct (Hp e He) as (-> & ->).
    destruct (enters i e) eqn:L; [|ring]. apply enters_true in L. rewrite (proj1 L). ring. }
  assert (SM : moves P x d i = sum_over (terms P) (fun e => if leaves i e then term_at x e * d (target e) else 0) +
    sum_over (terms P) (fun e => if enters i e then term_at x e * d (source e) else 0)).
  { unfold moves. rewrite <- sum_over_plus. apply sum_over_ext. intros e _. destruct (leaves i e) eqn:L1, (enters i e) eqn:L2; try ring.
    apply leaves_true in L1. apply enters_true in L2. exfalso. tauto. }
  rewrite SO, SI, SM, <- Hbal. field. lra.
Qed.
