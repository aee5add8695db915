(* When f(k x) = h f(x) for all x leaves only k = h = 1: f has a value other than 0 at 0, or a slope there. *)

From Coq Require Import Reals Lra Lia.
Open Scope R_scope.

(* k^n for a multiplier below 1 tends to 0. *)
Lemma powers_vanish : forall k, 0 < k < 1 -> forall d, 0 < d -> exists n, k ^ n < d.
Proof.
  intros k Hk d Hd. destruct (pow_lt_1_zero k) with (y := d) as (n & Hn); [rewrite Rabs_right; lra|exact Hd|].
  exists n. specialize (Hn n (Nat.le_refl n)). rewrite Rabs_right in Hn; [exact Hn|].
  apply Rle_ge. left. apply pow_lt. lra.
Qed.

Lemma powers_of_both : forall f k h, (forall x, f (k * x) = h * f x) -> forall n x, f (k ^ n * x) = h ^ n * f x.
Proof.
  intros f k h H n x. induction n as [|n IH]; simpl; [rewrite !Rmult_1_l; reflexivity|].
  rewrite !Rmult_assoc, H, IH. reflexivity.
Qed.

(* Multipliers can be taken below 1. *)
Lemma inverse_pair : forall f k h, 0 < k -> h <> 0 -> (forall x, f (k * x) = h * f x) -> forall x, f (/ k * x) = / h * f x.
Proof.
  intros f k h Hk Hh H x. apply (Rmult_eq_reg_l h); [|exact Hh]. rewrite <- H, <- !Rmult_assoc, !Rinv_r by lra.
  rewrite !Rmult_1_l. reflexivity.
Qed.

Definition continuous_at_zero (f : R -> R) : Prop :=
  forall e, 0 < e -> exists d, 0 < d /\ forall x, Rabs x < d -> Rabs (f x - f 0) < e.

(* Below 1 first. *)
Lemma constant_by_value : forall f k, continuous_at_zero f -> 0 < k < 1 -> (forall x, f (k * x) = f x) -> forall x, f x = f 0.
Proof.
  intros f k Hf Hk H x. destruct (Req_dec (f x) (f 0)) as [|Hne]; [assumption|exfalso].
  destruct (Hf (Rabs (f x - f 0))) as (d & Hd & Hnear); [apply Rabs_pos_lt; lra|].
  destruct (powers_vanish k Hk (d / (Rabs x + 1))) as (n & Hn).
  { apply Rdiv_lt_0_compat; [exact Hd|]. assert (P := Rabs_pos x). lra. }
  assert (E := powers_of_both f k 1 (fun y => eq_trans (H y) (eq_sym (Rmult_1_l _))) n x). rewrite pow1, Rmult_1_l in E.
  assert (Hsmall : Rabs (k ^ n * x) < d).
  { assert (P := Rabs_pos x). assert (Hp : 0 < k ^ n) by (apply pow_lt; lra). rewrite Rabs_mult, (Rabs_right (k ^ n)) by lra.
    apply Rle_lt_trans with (k ^ n * (Rabs x + 1)); [apply Rmult_le_compat_l; lra|].
    apply (Rmult_lt_compat_r (Rabs x + 1)) in Hn; [|lra]. replace (d / (Rabs x + 1) * (Rabs x + 1)) with d in Hn by (field; lra). exact Hn. }
  specialize (Hnear _ Hsmall). rewrite E in Hnear. lra.
Qed.

Lemma pinned_by_value : forall f,
  continuous_at_zero f -> f 0 <> 0 -> (exists x, f x <> f 0) ->
  forall k h, 0 < k -> (forall x, f (k * x) = h * f x) -> k = 1 /\ h = 1.
Proof.
  intros f Hf H0 (x & Hx) k h Hk H.
  assert (Hh : h = 1).
  { assert (E := H 0). rewrite Rmult_0_r in E. apply (Rmult_eq_reg_r (f 0)); [lra|exact H0]. }
  split; [|exact Hh]. subst h. destruct (Rtotal_order k 1) as [Hlt|[Heq|Hgt]]; [|exact Heq|]; exfalso; apply Hx.
  - apply (constant_by_value f k); [exact Hf|lra|]. intros y. rewrite H. ring.
  - apply (constant_by_value f (/ k)); [exact Hf| |].
    + split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
    + intros y. rewrite (inverse_pair f k 1 Hk R1_neq_R0 H), Rinv_1. ring.
Qed.

(* The slope of f at 0, from above, is a. *)
Definition slope_above_zero (f : R -> R) (a : R) : Prop :=
  forall e, 0 < e -> exists d, 0 < d /\ forall x, 0 < x < d -> Rabs (f x - a * x) <= e * x.

Lemma linear_by_slope : forall f a k h, slope_above_zero f a -> a <> 0 -> 0 < k < 1 ->
  (forall x, f (k * x) = h * f x) -> h = k /\ forall x, 0 < x -> f x = a * x.
Proof.
  intros f a k h Hf Ha Hk H.
  (* f x = a x + small at k^n x, for every n beyond some *)
  assert (Hclose : forall e x, 0 < e -> 0 < x -> exists N, forall n, (N <= n)%nat -> Rabs (h ^ n * f x - a * (k ^ n * x)) <= e * (k ^ n * x)).
  { intros e x He Hx. destruct (Hf e He) as (d & Hd & Hnear). destruct (powers_vanish k Hk (d / x)) as (N & HN); [apply Rdiv_lt_0_compat; assumption|].
    exists N. intros n Hn. rewrite <- (powers_of_both f k h H). apply Hnear.
    assert (Hp : 0 < k ^ n) by (apply pow_lt; lra). split; [apply Rmult_lt_0_compat; assumption|].
    assert (Hle : k ^ n <= k ^ N).
    { clear - Hk Hn. induction Hn as [|n Hn IH]; [lra|]. simpl. assert (0 < k ^ n) by (apply pow_lt; lra). nra. }
    apply Rle_lt_trans with (k ^ N * x); [apply Rmult_le_compat_r; lra|].
    apply (Rmult_lt_compat_r x) in HN; [|exact Hx]. replace (d / x * x) with d in HN by (field; lra). exact HN. }
  assert (Hh : h = k).
  { destruct (Req_dec h k) as [|Hne]; [assumption|exfalso].
    set (g := Rabs (h - k)). assert (Hg : 0 < g) by (apply Rabs_pos_lt; lra).
    set (e := Rabs a * Rmin (1 / 2) (g / (4 * (Rabs h + 1)))).
    assert (Pa := Rabs_pos_lt a Ha). assert (Ph := Rabs_pos h).
    assert (Hm : 0 < Rmin (1 / 2) (g / (4 * (Rabs h + 1)))) by (apply Rmin_pos; [lra|apply Rdiv_lt_0_compat; lra]).
    assert (He : 0 < e) by (apply Rmult_lt_0_compat; assumption).
    destruct (Hclose e 1 He Rlt_0_1) as (N & HN). assert (E0 := HN N (Nat.le_refl N)). assert (E1 := HN (S N) (Nat.le_succ_diag_r N)).
    assert (Hp : 0 < k ^ N) by (apply pow_lt; lra). simpl in E1. rewrite !Rmult_1_r in E0, E1.
    (* h (h^N f - a k^N) - (h^(N+1) f - a k^(N+1)) = a k^N (k - h) *)
    set (F := h ^ N * f 1) in *. replace (h * h ^ N * f 1) with (h * F) in E1 by (unfold F; ring).
    assert (Hdiff : Rabs (a * (k ^ N * (k - h))) <= (Rabs h + k) * (e * k ^ N)).
    { replace (a * (k ^ N * (k - h))) with (h * (F - a * k ^ N) - (h * F - a * (k * k ^ N))) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_Ropp, Rabs_mult.
      assert (Rabs h * Rabs (F - a * k ^ N) <= Rabs h * (e * k ^ N)) by (apply Rmult_le_compat_l; lra). lra. }
    rewrite !Rabs_mult, (Rabs_right (k ^ N)), (Rabs_minus_sym k h) in Hdiff by lra. fold g in Hdiff.
    assert (Hcancel : Rabs a * g <= (Rabs h + k) * e).
    { apply (Rmult_le_reg_l (k ^ N)); [exact Hp|]. replace (k ^ N * (Rabs a * g)) with (Rabs a * (k ^ N * g)) by ring.
      replace (k ^ N * ((Rabs h + k) * e)) with ((Rabs h + k) * (e * k ^ N)) by ring. exact Hdiff. }
    assert (e <= Rabs a * (g / (4 * (Rabs h + 1)))) by (unfold e; apply Rmult_le_compat_l; [lra|apply Rmin_r]).
    assert ((Rabs h + k) * e <= (Rabs h + 1) * (Rabs a * (g / (4 * (Rabs h + 1))))).
    { apply Rmult_le_compat; lra. }
    replace ((Rabs h + 1) * (Rabs a * (g / (4 * (Rabs h + 1))))) with (Rabs a * g / 4) in H1 by (field; lra).
    assert (0 < Rabs a * g) by (apply Rmult_lt_0_compat; assumption). lra. }
  split; [exact Hh|]. subst h. intros x Hx. destruct (Req_dec (f x) (a * x)) as [|Hne]; [assumption|exfalso].
  set (e := Rabs (f x - a * x) / (2 * x)). assert (Hd : 0 < Rabs (f x - a * x)) by (apply Rabs_pos_lt; lra).
  assert (He : 0 < e) by (apply Rdiv_lt_0_compat; lra). destruct (Hclose e x He Hx) as (N & HN). specialize (HN N (Nat.le_refl N)).
  assert (Hp : 0 < k ^ N) by (apply pow_lt; lra).
  replace (k ^ N * f x - a * (k ^ N * x)) with (k ^ N * (f x - a * x)) in HN by ring.
  rewrite Rabs_mult, (Rabs_right (k ^ N)) in HN by lra.
  replace (e * (k ^ N * x)) with (k ^ N * (Rabs (f x - a * x) / 2)) in HN by (unfold e; field; lra).
  apply Rmult_le_reg_l in HN; [|exact Hp]. lra.
Qed.

Lemma pinned_by_slope : forall f a,
  slope_above_zero f a -> a <> 0 -> (exists x, 0 < x /\ f x <> a * x) ->
  forall k h, 0 < k -> (forall x, f (k * x) = h * f x) -> k = 1 /\ h = 1.
Proof.
  intros f a Hf Ha (x & Hx & Hne) k h Hk H.
  assert (Hsome : exists y, f y <> 0).
  { destruct (Hf (Rabs a / 2)) as (d & Hd & Hnear); [assert (P := Rabs_pos_lt a Ha); lra|].
    exists (d / 2). intros Hz. specialize (Hnear (d / 2) ltac:(lra)). rewrite Hz in Hnear.
    replace (0 - a * (d / 2)) with (- (a * (d / 2))) in Hnear by ring. rewrite Rabs_Ropp, Rabs_mult, (Rabs_right (d / 2)) in Hnear by lra.
    assert (P := Rabs_pos_lt a Ha). assert (0 < Rabs a * (d / 2)) by (apply Rmult_lt_0_compat; lra). lra. }
  destruct Hsome as (y & Hy).
  destruct (Rtotal_order k 1) as [Hlt|[Heq|Hgt]].
  - exfalso. apply Hne. apply (linear_by_slope f a k h); auto; lra.
  - subst k. split; [reflexivity|]. assert (E := H y). rewrite Rmult_1_l in E. apply (Rmult_eq_reg_r (f y)); [lra|exact Hy].
  - exfalso. apply Hne. assert (Hh : h <> 0).
    { intros ->. apply Hy. replace y with (k * (/ k * y)) by (field; lra). rewrite H. ring. }
    apply (linear_by_slope f a (/ k) (/ h)); auto.
    + split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
    + apply inverse_pair; assumption.
Qed.

(* What has a derivative at 0, and is 0 there. *)
Lemma slope_of_derivative : forall f a, f 0 = 0 -> derivable_pt_lim f 0 a -> slope_above_zero f a.
Proof.
  intros f a H0 Hf e He. destruct (Hf e He) as (d & Hd). exists d. split; [apply cond_pos|]. intros x Hx.
  specialize (Hd x ltac:(lra)). rewrite Rabs_right in Hd by lra. specialize (Hd ltac:(lra)). rewrite Rplus_0_l, H0, Rminus_0_r in Hd.
  replace (f x - a * x) with ((f x / x - a) * x) by (field; lra). rewrite Rabs_mult, (Rabs_right x) by lra.
  apply Rmult_le_compat_r; lra.
Qed.

Lemma continuous_of_derivative : forall f a, derivable_pt_lim f 0 a -> continuous_at_zero f.
Proof.
  intros f a Hf e He. assert (C : continuity_pt f 0) by (apply derivable_continuous_pt; exists a; exact Hf).
  destruct (C e He) as (d & Hd & H). exists d. split; [exact Hd|]. intros x Hx.
  destruct (Req_dec x 0) as [->|Hne]; [rewrite Rminus_eq_0, Rabs_R0; exact He|].
  apply (H x). split; [split; [exact I|auto]|]. simpl. unfold R_dist. rewrite Rminus_0_r. exact Hx.
Qed.
