(* What steps and sweeps of balancing do near a balanced point, to first order, in logarithms: each unit in turn moves by the mean of its
   neighbours' moves, weighted by the costs. L_p, units of degree 1. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity existence convex_problem steps.
Import ListNotations.
Open Scope R_scope.

Lemma derivative_ext : forall f g t l, (forall z, f z = g z) -> derivable_pt_lim f t l -> derivable_pt_lim g t l.
Proof. intros f g t l E H e He. destruct (H e He) as (r & Hr). exists r. intros h Hh Hlt. rewrite <- !E. auto. Qed.

(* The moves of the units that synapses join to unit i, weighted by what the synapses cost. *)
Definition moves (P : problem) (x d : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if leaves i e then term_at x e * d (target e) else if enters i e then term_at x e * d (source e) else 0).

(* X t is a point for each t; d is its derivative at 0. *)
Definition moves_with (X : R -> nat -> R) (d : nat -> R) : Prop := forall k, derivable_pt_lim (fun t => X t k) 0 (d k).

Lemma term_along : forall X d e, moves_with X d ->
  derivable_pt_lim (fun t => term_at (X t) e) 0 (term_at (X 0) e * slope d e).
Proof.
  intros X d e H. unfold term_at.
  assert (S : derivable_pt_lim (fun t => slope (X t) e) 0 (slope d e)).
  { unfold slope. apply (derivable_pt_lim_minus (fun t => target_exponent e * X t (target e)) (fun t => source_exponent e * X t (source e)));
      [apply (derivable_pt_lim_scal (fun t => X t (target e)))|apply (derivable_pt_lim_scal (fun t => X t (source e)))]; apply H. }
  replace (cost e * exp (slope (X 0) e) * slope d e) with (cost e * (exp (slope (X 0) e) * slope d e)) by ring.
  apply (derivable_pt_lim_scal (fun t => exp (slope (X t) e))).
  apply (derivable_pt_lim_comp (fun t => slope (X t) e) exp 0 (slope d e)); [exact S|apply derivable_pt_lim_exp].
Qed.

Lemma weighted_along : forall P X d (a : term -> R), moves_with X d ->
  derivable_pt_lim (fun t => sum_over (terms P) (fun e => term_at (X t) e * a e)) 0
    (sum_over (terms P) (fun e => term_at (X 0) e * slope d e * a e)).
Proof.
  intros P X d a H. apply (derivative_of_sum_over (terms P) (fun e t => term_at (X t) e * a e)). intros e.
  replace (term_at (X 0) e * slope d e * a e) with (a e * (term_at (X 0) e * slope d e)) by ring.
  apply (derivative_ext (fun t => a e * term_at (X t) e)); [intros; ring|].
  apply (derivable_pt_lim_scal (fun t => term_at (X t) e)). apply term_along. exact H.
Qed.

(* A step at unit i, in logarithms. *)
Definition stepped (P : problem) (i : nat) (x : nat -> R) : nat -> R := log_of (balanced_at P i (exp_of x)).

Lemma stepped_other : forall P i x k, k <> i -> stepped P i x k = x k.
Proof.
  intros P i x k Hk. unfold stepped, log_of, balanced_at, exp_of. destruct (Nat.eqb_spec k i); [contradiction|]. apply ln_exp.
Qed.

Lemma stepped_own : forall P i x, 0 < input P x i -> 0 < output P x i ->
  stepped P i x i = x i + / 2 * (ln (output P x i) - ln (input P x i)).
Proof.
  intros P i x HA HB. unfold stepped, log_of, balanced_at. rewrite Nat.eqb_refl, input_log, output_log.
  rewrite (input_ext P (log_of (exp_of x)) x), (output_ext P (log_of (exp_of x)) x) by apply log_exp.
  rewrite ln_mult; [|apply exp_pos|apply sqrt_lt_R0, Rdiv_lt_0_compat; assumption].
  rewrite <- Rpower_sqrt by (apply Rdiv_lt_0_compat; assumption). unfold Rpower, exp_of. rewrite !ln_exp.
  unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption). ring.
Qed.

Lemma sides_stay_positive : forall P x i, well_formed P -> 0 < input P x i -> input P x i = output P x i ->
  forall y, 0 < input P y i /\ 0 < output P y i.
Proof.
  intros P x i Hwf HA Hbal y. split.
  - apply (input_positive_iff P x) in HA; [|exact Hwf]. apply input_positive_iff; assumption.
  - assert (HB : 0 < output P x i) by lra. rewrite <- input_reversed in HB |- *.
    apply input_positive_iff in HB; [|apply well_formed_reversed, Hwf]. apply input_positive_iff; [apply well_formed_reversed, Hwf|exact HB].
Qed.

(* What a move d becomes after the step at i. *)
Definition mean_move (P : problem) (x d : nat -> R) (i : nat) : R := moves P x d i / (input P x i + output P x i).
Definition settled_move (P : problem) (x d : nat -> R) (i k : nat) : R := if (k =? i)%nat then mean_move P x d i else d k.

Lemma step_along : forall P X d i, plain P -> well_formed P -> 0 < input P (X 0) i -> input P (X 0) i = output P (X 0) i -> moves_with X d ->
  (forall k, stepped P i (X 0) k = X 0 k) /\ moves_with (fun t => stepped P i (X t)) (settled_move P (X 0) d i).
Proof.
  intros P X d i Hp Hwf HA Hbal HX. set (x := X 0) in *. assert (Hpos := sides_stay_positive P x i Hwf HA Hbal). split.
  - intros k. destruct (Nat.eq_dec k i) as [->|Hk]; [|apply stepped_other; exact Hk].
    rewrite stepped_own by apply Hpos. rewrite Hbal. ring.
  - intros k. unfold settled_move. destruct (Nat.eqb_spec k i) as [->|Hk].
    2: { apply (derivative_ext (fun t => X t k)); [intros t; symmetry; apply stepped_other; exact Hk|apply HX]. }
    apply (derivative_ext (fun t => X t i + / 2 * (ln (output P (X t) i) - ln (input P (X t) i)))).
    { intros t. symmetry. apply stepped_own; apply Hpos. }
    pose (into := fun e => if enters i e then 1 else 0). pose (out := fun e => if leaves i e then 1 else 0).
    assert (HI : forall y, input P y i = sum_over (terms P) (fun e => term_at y e * into e)).
    { intros y. apply sum_over_ext. intros e He. unfold into. rewrite (proj2 (Hp e He)). destruct (enters i e); ring. }
    assert (HO : forall y, output P y i = sum_over (terms P) (fun e => term_at y e * out e)).
    { intros y. apply sum_over_ext. intros e He. unfold out. rewrite (proj1 (Hp e He)). destruct (leaves i e); ring. }
    assert (DI : derivable_pt_lim (fun t => input P (X t) i) 0 (sum_over (terms P) (fun e => term_at x e * slope d e * into e))).
    { apply (derivative_ext (fun t => sum_over (terms P) (fun e => term_at (X t) e * into e))); [intros; symmetry; apply HI|apply weighted_along; exact HX]. }
    assert (DO : derivable_pt_lim (fun t => output P (X t) i) 0 (sum_over (terms P) (fun e => term_at x e * slope d e * out e))).
    { apply (derivative_ext (fun t => sum_over (terms P) (fun e => term_at (X t) e * out e))); [intros; symmetry; apply HO|apply weighted_along; exact HX]. }
    assert (LI := derivable_pt_lim_comp _ ln 0 _ _ DI (derivable_pt_lim_ln _ (proj1 (Hpos (X 0))))).
    assert (LO := derivable_pt_lim_comp _ ln 0 _ _ DO (derivable_pt_lim_ln _ (proj2 (Hpos (X 0))))). fold x in LI, LO.
    assert (LL := derivable_pt_lim_scal _ (/ 2) _ _ (derivable_pt_lim_minus _ _ _ _ _ LO LI)).
    assert (H := derivable_pt_lim_plus _ _ _ _ _ (HX i) LL).
    eapply derivative_ext; [intros t; reflexivity|].
    replace (mean_move P x d i) with
      (d i + / 2 * (/ output P x i * sum_over (terms P) (fun e => term_at x e * slope d e * out e) - / input P x i * sum_over (terms P) (fun e => term_at x e * slope d e * into e))).
    { exact H. }
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
    unfold mean_move. rewrite SO, SI, SM, <- Hbal. field. lra.
Qed.

Lemma moves_ext : forall P x y d i, (forall k, x k = y k) -> moves P x d i = moves P y d i.
Proof. intros P x y d i H. apply sum_over_ext. intros e _. rewrite (term_at_ext x y e H). reflexivity. Qed.

Lemma mean_move_ext : forall P x y d i, (forall k, x k = y k) -> mean_move P x d i = mean_move P y d i.
Proof. intros P x y d i H. unfold mean_move. rewrite (moves_ext P x y), (input_ext P x y), (output_ext P x y) by exact H. reflexivity. Qed.

(* A sweep: the units of the list in turn. *)
Definition swept (P : problem) (units : list nat) (x : nat -> R) : nat -> R := fold_left (fun y i => stepped P i y) units x.
Definition swept_move (P : problem) (x : nat -> R) (units : list nat) (d : nat -> R) : nat -> R :=
  fold_left (fun u i => settled_move P x u i) units d.

Lemma swept_ext : forall P units x y, (forall k, x k = y k) -> forall k, swept P units x k = swept P units y k.
Proof.
  intros P units. induction units as [|i units IH]; intros x y H; [exact H|]. simpl. apply IH. intros k. unfold stepped, log_of, balanced_at, exp_of.
  rewrite !input_log, !output_log. rewrite (input_ext P _ (log_of (fun i => exp (y i)))), (output_ext P _ (log_of (fun i => exp (y i)))), !H by (intros j; unfold log_of; rewrite H; reflexivity).
  reflexivity.
Qed.

Lemma sweep_along : forall P units X d, plain P -> well_formed P ->
  (forall i, In i units -> 0 < input P (X 0) i /\ input P (X 0) i = output P (X 0) i) -> moves_with X d ->
  moves_with (fun t => swept P units (X t)) (swept_move P (X 0) units d).
Proof.
  intros P units. induction units as [|i units IH]; intros X d Hp Hwf Hbal HX; [exact HX|]. simpl.
  destruct (Hbal i (or_introl eq_refl)) as (HA & Hb). destruct (step_along P X d i Hp Hwf HA Hb HX) as (Hsame & HY).
  assert (H := IH (fun t => stepped P i (X t)) (settled_move P (X 0) d i) Hp Hwf).
  assert (E : forall u k, swept_move P (stepped P i (X 0)) units u k = swept_move P (X 0) units u k).
  { assert (F : forall l u v, (forall k, u k = v k) -> forall k, swept_move P (stepped P i (X 0)) l u k = swept_move P (X 0) l v k).
    { induction l as [|j l IHl]; intros u v Huv; [exact Huv|]. simpl. apply IHl. intros k. unfold settled_move. destruct (k =? j)%nat; [|apply Huv].
      rewrite (mean_move_ext P (stepped P i (X 0)) (X 0) u j Hsame). unfold mean_move. f_equal. unfold moves. apply sum_over_ext. intros e _. rewrite !Huv. reflexivity. }
    intros u k. apply F. reflexivity. }
  intros k. rewrite <- E. apply H; [|exact HY]. intros j Hj. rewrite (input_ext P _ (X 0)), (output_ext P _ (X 0)) by exact Hsame.
  apply Hbal. right. exact Hj.
Qed.
