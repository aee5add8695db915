(* A residual addition forces the multipliers of its two branches to be equal. Maximum and average pooling, flattening, concatenation,
   transposition and inference-mode batch normalisation carry the channel's multiplier, the normalisation's own scale and shift being
   weights. An operation that is not homogeneous pins what it reads and what it makes to 1.

   Corrected: A residual addition forces the multipliers of its branches to be equal; poolings, flattening, concatenation and
   transposition carry the multiplier. So does inference-mode batch normalisation γ (x - m)/s + β if its running mean m is multiplied
   with the shift β; with m kept, β must absorb the difference. An operation pins what it reads and makes to 1 if along one entry
   it is continuous at 0, not 0 there and not constant, or is 0 there with a slope from above that is not 0, and not linear above: so
   sigmoid, tanh, SiLU, GELU, ReLU6, softmax, and layer normalisation with ε > 0 (with ε = 0 it is homogeneous, of degree 0). That it is
   not homogeneous is not enough: x (2 + sin (2π log₂ x)) lets the multiplier 2 through.

   f pins if f(k x) = h f(x) for all x leaves only k = h = 1. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums pinning.
Open Scope R_scope.

(* The largest of x 0, ..., x n. *)
Fixpoint largest (n : nat) (x : nat -> R) : R :=
  match n with
  | O => x 0%nat
  | S m => Rmax (largest m x) (x (S m))
  end.

Lemma Rmax_multiple : forall k a b, 0 < k -> Rmax (k * a) (k * b) = k * Rmax a b.
Proof. intros k a b Hk. unfold Rmax. destruct (Rle_dec a b), (Rle_dec (k * a) (k * b)); try reflexivity; exfalso; nra. Qed.

Theorem pass_through_ties :
  (* Addition: branches multiplied by a and b give the sum multiplied by k, for all values, only if a = b = k. *)
  (forall a b k, (forall x y, a * x + b * y = k * (x + y)) <-> a = k /\ b = k) /\
  (* Maximum and average pooling. *)
  (forall k n x, 0 < k -> largest n (fun i => k * x i) = k * largest n x) /\
  (forall k n x, sum (S n) (fun i => k * x i) / INR (S n) = k * (sum (S n) x / INR (S n))) /\
  (* Flattening, concatenation, transposition: values in another order. *)
  (forall k (x : nat -> R) (order : nat -> nat) i, (fun j => k * x j) (order i) = k * (fun j => x (order j)) i) /\
  (* Batch normalisation, the mean and the shift multiplied; or the mean kept and the shift changed so, and not otherwise. *)
  (forall k g s m b x, s <> 0 -> g * (k * x - k * m) / s + k * b = k * (g * (x - m) / s + b)) /\
  (forall k g s m b b', s <> 0 ->
     ((forall x, g * (k * x - m) / s + b' = k * (g * (x - m) / s + b)) <-> b' = k * b + g * m * (1 - k) / s)).
Proof.
  split; [|split; [|split; [|split; [|split]]]].
  - intros a b k. split.
    + intros H. assert (H1 := H 1 0). assert (H2 := H 0 1). lra.
    + intros (-> & ->) x y. ring.
  - intros k n x Hk. induction n as [|n IH]; simpl; [reflexivity|]. rewrite IH. apply Rmax_multiple. exact Hk.
  - intros k n x. rewrite sum_scale. unfold Rdiv. ring.
  - reflexivity.
  - intros k g s m b x Hs. field. exact Hs.
  - intros k g s m b b' Hs. split.
    + intros H. specialize (H 0). apply (Rplus_eq_reg_l (g * (k * 0 - m) / s)). rewrite H. field. exact Hs.
    + intros -> x. field. exact Hs.
Qed.

(* Layer normalisation: one output of the layer 0, x (mean x/2, variance x²/4). With ε = 0 it does not change with x > 0; with ε > 0 it
   does, by every multiplier but 1. *)
Theorem layer_normalisation :
  forall e k x, 0 <= e -> 0 < k -> 0 < x ->
    let normalised := fun x => x / 2 / sqrt (x * x / 4 + e) in
    (e = 0 -> normalised (k * x) = normalised x) /\
    (0 < e -> normalised (k * x) = normalised x -> k = 1).
Proof.
  intros e k x He Hk Hx normalised.
  assert (Hkx : 0 < k * x) by (apply Rmult_lt_0_compat; assumption).
  assert (Hpos : forall y, 0 < y -> 0 < y * y / 4 + e) by (intros y Hy; nra).
  assert (Hsq : forall y, 0 < y -> normalised y * normalised y = y * y / 4 / (y * y / 4 + e)).
  { intros y Hy. unfold normalised. assert (Hr := sqrt_lt_R0 _ (Hpos y Hy)).
    replace (y / 2 / sqrt (y * y / 4 + e) * (y / 2 / sqrt (y * y / 4 + e)))
      with (y * y / 4 / (sqrt (y * y / 4 + e) * sqrt (y * y / 4 + e))) by (field; lra).
    rewrite sqrt_sqrt; [reflexivity|]. left. apply Hpos. exact Hy. }
  split.
  - intros ->. assert (Hform : forall y, 0 < y -> normalised y = 1).
    { intros y Hy. unfold normalised. replace (y * y / 4 + 0) with (y / 2 * (y / 2)) by field.
      rewrite sqrt_square by lra. field. lra. }
    rewrite !Hform by assumption. reflexivity.
  - intros Hepos Heq. assert (H : k * x * (k * x) / 4 / (k * x * (k * x) / 4 + e) = x * x / 4 / (x * x / 4 + e)).
    { rewrite <- !Hsq by assumption. rewrite Heq. reflexivity. }
    assert (P1 := Hpos _ Hkx). assert (P2 := Hpos _ Hx).
    apply (Rmult_eq_compat_r ((k * x * (k * x) / 4 + e) * (x * x / 4 + e))) in H.
    replace (k * x * (k * x) / 4 / (k * x * (k * x) / 4 + e) * ((k * x * (k * x) / 4 + e) * (x * x / 4 + e)))
      with (k * x * (k * x) / 4 * (x * x / 4 + e)) in H by (field; lra).
    replace (x * x / 4 / (x * x / 4 + e) * ((k * x * (k * x) / 4 + e) * (x * x / 4 + e)))
      with (x * x / 4 * (k * x * (k * x) / 4 + e)) in H by (field; lra).
    assert (Hz : (k - 1) * (k + 1) * (x * x * e) = 0) by lra.
    assert (0 < x * x * e) by (apply Rmult_lt_0_compat; nra).
    apply Rmult_integral in Hz. destruct Hz as [Hz|Hz]; [|lra]. apply Rmult_integral in Hz. lra.
Qed.

(** What pins *)

Definition pins (f : R -> R) : Prop := forall k h, 0 < k -> (forall x, f (k * x) = h * f x) -> k = 1 /\ h = 1.

Theorem a_value_pins : forall f, continuous_at_zero f -> f 0 <> 0 -> (exists x, f x <> f 0) -> pins f.
Proof. intros f Hf H0 Hx k h. apply pinned_by_value; assumption. Qed.

Theorem a_slope_pins : forall f a, slope_above_zero f a -> a <> 0 -> (exists x, 0 < x /\ f x <> a * x) -> pins f.
Proof. intros f a Hf Ha Hx k h. apply (pinned_by_slope f a); assumption. Qed.

Definition sigmoid (x : R) : R := / (1 + exp (- x)).
Definition hyperbolic_tangent (x : R) : R := (exp x - exp (- x)) / (exp x + exp (- x)).
Definition relu6 (x : R) : R := Rmin (Rmax x 0) 6.

(* Entry i of the softmax, and of the layer normalisation, of N entries. *)
Definition softmax (N : nat) (x : nat -> R) (i : nat) : R := exp (x i) / sum N (fun j => exp (x j)).
Definition mean (N : nat) (x : nat -> R) : R := sum N x / INR N.
Definition variance (N : nat) (x : nat -> R) : R := sum N (fun j => (x j - mean N x) * (x j - mean N x)) / INR N.
Definition layer_norm (N : nat) (e : R) (x : nat -> R) (i : nat) : R := (x i - mean N x) / sqrt (variance N x + e).

Lemma derivative_of_exp_minus : derivable_pt_lim (fun x => exp (- x)) 0 (-1).
Proof.
  replace (-1) with (exp (- 0) * -1) by (rewrite Ropp_0, exp_0; ring).
  apply (derivable_pt_lim_comp (fun x => - x) exp); [|apply derivable_pt_lim_exp].
  apply (derivable_pt_lim_opp (fun x => x) 0 1). apply derivable_pt_lim_id.
Qed.

Lemma sigmoid_at_zero : sigmoid 0 = 1 / 2.
Proof. unfold sigmoid. rewrite Ropp_0, exp_0. field. Qed.

Lemma sigmoid_continuous : continuous_at_zero sigmoid.
Proof.
  apply (continuous_of_derivative sigmoid (1 / 4)).
  assert (D := derivable_pt_lim_div (fct_cte 1) (fun x => 1 + exp (- x)) 0 0 (0 + -1) (derivable_pt_lim_const 1 0)
    (derivable_pt_lim_plus (fct_cte 1) (fun x => exp (- x)) 0 0 (-1) (derivable_pt_lim_const 1 0) derivative_of_exp_minus)).
  simpl in D. rewrite Ropp_0, exp_0 in D. replace (1 / 4) with ((0 * (1 + 1) - (0 + -1) * fct_cte 1 0) / (1 + 1)²) by (unfold fct_cte, Rsqr; field).
  intros e He. destruct (D ltac:(lra) e He) as (d & H). exists d. intros t Ht Hlt. specialize (H t Ht Hlt).
  unfold sigmoid. unfold div_fct, fct_cte in H. unfold Rdiv in H at 2 3. rewrite !Rmult_1_l in H. exact H.
Qed.

Lemma sigmoid_not_constant : exists x, 0 < x /\ sigmoid x <> sigmoid 0.
Proof.
  exists 1. split; [lra|]. rewrite sigmoid_at_zero. unfold sigmoid. intros H.
  assert (Hone : exp (- (1)) < exp 0) by (apply exp_increasing; lra). rewrite exp_0 in Hone. assert (0 < exp (- (1))) by apply exp_pos.
  assert (E : (1 + exp (- (1))) * / (1 + exp (- (1))) = 1) by (apply Rinv_r; lra). rewrite H in E. lra.
Qed.

(* x g(x): GELU, for g the distribution function of the normal distribution, SiLU for the sigmoid. *)
Lemma gated_pins : forall g, continuous_at_zero g -> g 0 <> 0 -> (exists x, 0 < x /\ g x <> g 0) -> pins (fun x => x * g x).
Proof.
  intros g Hg H0 (x & Hx & Hne). apply (a_slope_pins _ (g 0)).
  - intros e He. destruct (Hg e He) as (d & Hd & Hnear). exists d. split; [exact Hd|]. intros y Hy.
    replace (y * g y - g 0 * y) with (y * (g y - g 0)) by ring. rewrite Rabs_mult, (Rabs_right y), Rmult_comm by lra.
    apply Rmult_le_compat_r; [lra|]. left. apply Hnear. rewrite Rabs_right; lra.
  - exact H0.
  - exists x. split; [exact Hx|]. intros E. apply Hne. apply (Rmult_eq_reg_l x); lra.
Qed.

(* The values along one entry: t at j, 0 elsewhere. *)
Definition along (j : nat) (t : R) (i : nat) : R := if Nat.eqb i j then t else 0.

Lemma sum_along : forall N j t (f : R -> R), (j < N)%nat -> sum N (fun i => f (along j t i)) = f t + (INR N - 1) * f 0.
Proof.
  intros N j t f Hj.
  assert (E : sum N (fun i => f (along j t i) - f 0) = f t - f 0).
  { rewrite (sum_single N _ j Hj); [unfold along; rewrite Nat.eqb_refl; reflexivity|].
    intros i _ Hi. unfold along. destruct (Nat.eqb_spec i j); [contradiction|ring]. }
  rewrite sum_minus in E. assert (C : sum N (fun _ => f 0) = INR N * f 0).
  { clear. induction N as [|N IH]; [simpl; ring|]. rewrite S_INR. simpl sum. rewrite IH. ring. }
  lra.
Qed.

Theorem operations_that_pin :
  pins sigmoid /\ pins hyperbolic_tangent /\ pins relu6 /\ pins (fun x => x * sigmoid x) /\
  (forall normal, continuous_at_zero normal -> normal 0 = 1 / 2 -> (exists x, 0 < x /\ normal x <> 1 / 2) -> pins (fun x => x * normal x)) /\
  (* Softmax and layer normalisation of at least two entries: the multiplier k of any one entry, and that of the same entry of the
     result, h. *)
  (forall N j, (2 <= N)%nat -> (j < N)%nat -> pins (fun t => softmax N (along j t) j)) /\
  (forall N e j, (2 <= N)%nat -> 0 < e -> (j < N)%nat -> pins (fun t => layer_norm N e (along j t) j)).
Proof.
  assert (Pe : forall x, 0 < exp x) by apply exp_pos.
  split; [|split; [|split; [|split; [|split; [|split]]]]].
  - destruct sigmoid_not_constant as (x & _ & Hx). apply a_value_pins; [apply sigmoid_continuous|rewrite sigmoid_at_zero; lra|exists x; exact Hx].
  - apply (a_slope_pins _ 1); [|lra|].
    + apply slope_of_derivative; [unfold hyperbolic_tangent; rewrite Ropp_0; unfold Rminus; rewrite Rplus_opp_r; unfold Rdiv; ring|].
      assert (D := derivable_pt_lim_div (fun x => exp x - exp (- x)) (fun x => exp x + exp (- x)) 0 (exp 0 - -1) (exp 0 + -1)
        (derivable_pt_lim_minus exp (fun x => exp (- x)) 0 _ _ (derivable_pt_lim_exp 0) derivative_of_exp_minus)
        (derivable_pt_lim_plus exp (fun x => exp (- x)) 0 _ _ (derivable_pt_lim_exp 0) derivative_of_exp_minus)).
      simpl in D. rewrite Ropp_0, exp_0 in D.
      replace 1 with (((1 - -1) * (1 + 1) - (1 + -1) * (1 - 1)) / (1 + 1)²) at 1 by (unfold Rsqr; field). apply D. lra.
    + exists 1. split; [lra|]. unfold hyperbolic_tangent. assert (P1 := Pe 1). assert (P2 := Pe (- (1))). intros H.
      apply (Rmult_eq_compat_r (exp 1 + exp (- (1)))) in H. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l in H by lra. lra.
  - apply (a_slope_pins _ 1); [|lra|].
    + intros e He. exists 6. split; [lra|]. intros x Hx. unfold relu6. rewrite Rmax_left, Rmin_left by lra.
      replace (x - 1 * x) with 0 by ring. rewrite Rabs_R0. nra.
    + exists 12. split; [lra|]. unfold relu6. rewrite Rmax_left, Rmin_right by lra. lra.
  - apply gated_pins; [apply sigmoid_continuous|rewrite sigmoid_at_zero; lra|apply sigmoid_not_constant].
  - intros normal Hc H0 (x & Hx & Hne). apply gated_pins; [exact Hc|lra|]. exists x. rewrite H0. auto.
  - intros N j HN Hj. assert (HNR : 2 <= INR N) by (replace 2 with (INR 2) by (simpl; lra); apply le_INR; exact HN).
    assert (Hf : forall t, softmax N (along j t) j = exp t / (exp t + (INR N - 1))).
    { intros t. unfold softmax. rewrite (sum_along N j t exp Hj), exp_0, Rmult_1_r. unfold along. rewrite Nat.eqb_refl. reflexivity. }
    apply a_value_pins.
    + apply (continuous_of_derivative _ ((exp 0 * (exp 0 + (INR N - 1)) - (exp 0 + 0) * exp 0) / (exp 0 + (INR N - 1))²)).
      assert (D := derivable_pt_lim_div exp (fun t => exp t + (INR N - 1)) 0 (exp 0) (exp 0 + 0) (derivable_pt_lim_exp 0)
        (derivable_pt_lim_plus exp (fct_cte (INR N - 1)) 0 _ _ (derivable_pt_lim_exp 0) (derivable_pt_lim_const _ 0))).
      intros e He. assert (P0 := Pe 0). destruct (D ltac:(lra) e He) as (d & H). exists d. intros t Ht Hlt. rewrite !Hf. apply (H t Ht Hlt).
    + rewrite Hf, exp_0. apply Rgt_not_eq. apply Rdiv_lt_0_compat; lra.
    + exists 1. rewrite !Hf, exp_0. assert (P1 : exp 0 < exp 1) by (apply exp_increasing; lra). rewrite exp_0 in P1. intros H.
      apply (Rmult_eq_compat_r ((exp 1 + (INR N - 1)) * (1 + (INR N - 1)))) in H.
      replace (exp 1 / (exp 1 + (INR N - 1)) * ((exp 1 + (INR N - 1)) * (1 + (INR N - 1)))) with (exp 1 * (1 + (INR N - 1))) in H by (field; lra).
      replace (1 / (1 + (INR N - 1)) * ((exp 1 + (INR N - 1)) * (1 + (INR N - 1)))) with (exp 1 + (INR N - 1)) in H by (field; lra).
      nra.
  - intros N e j HN He Hj. assert (HNR : 2 <= INR N) by (replace 2 with (INR 2) by (simpl; lra); apply le_INR; exact HN).
    set (c := 1 - / INR N). assert (Hc : 0 < c).
    { unfold c. assert (/ INR N <= / 2) by (apply Rinv_le_contravar; lra). lra. }
    set (v := c / INR N). assert (Hv : 0 < v) by (apply Rdiv_lt_0_compat; lra).
    assert (Hf : forall t, layer_norm N e (along j t) j = t * (c / sqrt (t * t * v + e))).
    { intros t. assert (Hm : mean N (along j t) = t / INR N).
      { assert (Es := sum_along N j t (fun y => y) Hj). change (sum N (along j t) = t + (INR N - 1) * 0) in Es. unfold mean. rewrite Es. f_equal. ring. }
      assert (Hvar : variance N (along j t) = t * t * v).
      { unfold variance. rewrite Hm. rewrite (sum_along N j t (fun y => (y - t / INR N) * (y - t / INR N)) Hj). unfold v, c. field. lra. }
      assert (Hs : sqrt (t * t * v + e) <> 0).
      { apply Rgt_not_eq, sqrt_lt_R0. assert (0 <= t * t * v) by (apply Rmult_le_pos; [apply Rle_0_sqr|lra]). lra. }
      unfold layer_norm. rewrite Hm, Hvar. unfold along. rewrite Nat.eqb_refl. unfold c. field. split; assumption || lra. }
    assert (Hpos : forall t, 0 < t * t * v + e) by (intros t; assert (0 <= t * t * v) by (apply Rmult_le_pos; [apply Rle_0_sqr|lra]); lra).
    intros k h Hk H. apply (gated_pins (fun t => c / sqrt (t * t * v + e))) with (k := k) (h := h); [| | |exact Hk|].
    + intros a Ha. assert (C : continuity_pt (fun t => c / sqrt (t * t * v + e)) 0).
      { apply (continuity_pt_div (fct_cte c) (fun t => sqrt (t * t * v + e))).
        - apply continuity_pt_const. intros x y. reflexivity.
        - apply (continuity_pt_comp (fun t => t * t * v + e) sqrt); [|apply continuity_pt_sqrt; left; apply Hpos].
          apply derivable_continuous_pt. reg.
        - apply Rgt_not_eq, sqrt_lt_R0, Hpos. }
      destruct (C a Ha) as (d & Hd & Hnear). exists d. split; [exact Hd|]. intros x Hx.
      destruct (Req_dec x 0) as [->|Hne]; [rewrite Rminus_eq_0, Rabs_R0; exact Ha|].
      apply (Hnear x). split; [split; [exact I|auto]|]. simpl. unfold R_dist. rewrite Rminus_0_r. exact Hx.
    + apply Rgt_not_eq. apply Rdiv_lt_0_compat; [exact Hc|apply sqrt_lt_R0, Hpos].
    + exists 1. split; [lra|]. intros E. assert (S1 := sqrt_lt_R0 _ (Hpos 1)). assert (S0 := sqrt_lt_R0 _ (Hpos 0)).
      apply (Rmult_eq_compat_r (sqrt (1 * 1 * v + e) * sqrt (0 * 0 * v + e))) in E.
      replace (c / sqrt (1 * 1 * v + e) * (sqrt (1 * 1 * v + e) * sqrt (0 * 0 * v + e))) with (c * sqrt (0 * 0 * v + e)) in E by (field; lra).
      replace (c / sqrt (0 * 0 * v + e) * (sqrt (1 * 1 * v + e) * sqrt (0 * 0 * v + e))) with (c * sqrt (1 * 1 * v + e)) in E by (field; lra).
      apply Rmult_eq_reg_l in E; [|lra]. apply sqrt_inj in E; try (left; apply Hpos). lra.
    + intros x. rewrite <- !Hf. apply H.
Qed.

(* One multiplier may pass though the operation is not homogeneous. *)
Theorem one_multiplier_may_pass :
  let f x := if Rlt_dec 0 x then x * (2 + sin (2 * PI * (ln x / ln 2))) else 0 in
  (forall x, f (2 * x) = 2 * f x) /\ ~ exists c, forall k x, 0 < k -> f (k * x) = Rpower k c * f x.
Proof.
  intros f. assert (L2 : 0 < ln 2) by (rewrite <- ln_1; apply ln_increasing; lra).
  assert (Hf : forall x, f (2 * x) = 2 * f x).
  { intros x. unfold f. destruct (Rlt_dec 0 x) as [Hx|Hx], (Rlt_dec 0 (2 * x)) as [H2|H2]; try lra.
    rewrite ln_mult by lra. replace (2 * PI * ((ln 2 + ln x) / ln 2)) with (2 * PI * (ln x / ln 2) + 2 * PI) by (field; lra).
    rewrite sin_plus, sin_2PI, cos_2PI. ring. }
  split; [exact Hf|]. intros (c & Hc).
  (* f 1 = 2, so that c = 1 by k = 2; then k = 2^(1/4) fails *)
  assert (F1 : f 1 = 2).
  { unfold f. destruct (Rlt_dec 0 1) as [_|]; [|lra]. rewrite ln_1. unfold Rdiv. rewrite Rmult_0_l, Rmult_0_r, sin_0. ring. }
  assert (Ec : Rpower 2 c = 2).
  { assert (E := Hc 2 1 ltac:(lra)). rewrite Hf, F1 in E. lra. }
  assert (Hc1 : c = 1).
  { unfold Rpower in Ec. apply (f_equal ln) in Ec. rewrite ln_exp in Ec. apply (Rmult_eq_reg_r (ln 2)); lra. }
  subst c. set (k := exp (ln 2 / 4)). assert (Hk : 0 < k) by apply exp_pos. assert (E := Hc k 1 Hk).
  rewrite Rpower_1, Rmult_1_r, F1 in E by exact Hk. unfold f in E. destruct (Rlt_dec 0 k) as [_|]; [|contradiction].
  unfold k at 2 in E. rewrite ln_exp in E. replace (2 * PI * (ln 2 / 4 / ln 2)) with (PI / 2) in E by (field; lra). rewrite sin_PI2 in E. nra.
Qed.
