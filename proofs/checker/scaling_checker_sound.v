(* What the checkers of the claims `scaling`, `not_scaled` and `manifold` (claim_checker.v) accept is true. *)

From Coq Require Import Reals ZArith QArith Qreals List Arith FMapPositive Bool Classical Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_rounding.
From Synbal Require Import rounded_powers energy_checker energy_checker_sound claim_checker claim_checker_sound.
Import ListNotations.
Open Scope R_scope.

(** Scalings *)

Lemma ratio_of_logs : forall common L f,
  real_ratio common L f = exp (sum_over f (fun entry => IZR (snd entry) / IZR (Zpos common) * ln (L (pred (Pos.to_nat (fst entry)))))).
Proof.
  intros common L f. induction f as [|entry f IH]; [symmetry; apply exp_0|]. cbn [sum_over]. rewrite exp_plus, <- IH. reflexivity.
Qed.

Lemma exact_ratio_real : forall common mu f r, exact_ratio common (table mu) f = Some r -> Q2R r = real_ratio common (real_multipliers mu) f.
Proof.
  intros common mu f r H. unfold exact_ratio in H. destruct (all_some _ f) as [l|] eqn:E; [|discriminate].
  apply exact_is_sound in H. rewrite H, ratio_of_logs. unfold real_root. f_equal. clear H. revert l E.
  induction f as [|entry f IH]; intros l E; simpl in E; [injection E as <-; reflexivity|].
  destruct (multiplier_factor 1 _ entry) as [x|] eqn:Ex; [|discriminate]. destruct (all_some _ f) as [rest|]; [|discriminate].
  injection E as <-. cbn [sum_over]. rewrite (IH rest eq_refl). f_equal. unfold multiplier_factor in Ex. rewrite table_find in Ex.
  destruct (nth_error mu _) as [q|] eqn:En; [|discriminate]. injection Ex as <-. rewrite rational_factor. cbn [power].
  unfold real_multipliers. rewrite (nth_error_nth _ _ _ En), Z.mul_1_r. reflexivity.
Qed.

(* The multipliers are positive, and every weight after is that before times its ratio. *)
Theorem scaling_is_sound : forall common mu l, shows_scaling common mu l = true ->
  (forall v, 0 < real_multipliers mu v) /\
  forall w, In w l -> Q2R (after w) = Q2R (before w) * real_ratio common (real_multipliers mu) (ratio w).
Proof.
  intros common mu l H. unfold shows_scaling in H. destruct (forallb _ mu) eqn:Hp; [|discriminate].
  split; [apply multipliers_are_positive; exact Hp|]. intros w Hw. rewrite forallb_forall in H. specialize (H w Hw).
  unfold is_scaled in H. destruct (Qeq_bool (before w) 0) eqn:E0.
  - apply Qeq_bool_eq in E0. apply Qeq_bool_eq in H. apply Qeq_eqR in E0. apply Qeq_eqR in H. rewrite E0, H.
    unfold Q2R. simpl. ring.
  - destruct (exact_ratio common _ (ratio w)) as [r|] eqn:Er; [|discriminate]. apply exact_ratio_real in Er.
    apply Qeq_bool_eq in H. apply Qeq_eqR in H. rewrite <- H, Q2R_mult, Er. reflexivity.
Qed.

(** No scaling *)

Definition deviates (tolerance : Q) (common : BinNums.positive) (L : nat -> R) (w : pair_of_weights) : Prop :=
  let scaled := Q2R (before w) * real_ratio common L (ratio w) in Q2R tolerance * Rabs scaled < Rabs (Q2R (after w) - scaled).

Lemma tolerance_range : forall t, is_tolerance t = true -> 0 <= Q2R t < 1.
Proof.
  intros t H. unfold is_tolerance in H. destruct (Qle_bool 0 t) eqn:E; [|discriminate]. apply negb_true_iff in H. split.
  - apply Qle_bool_iff in E. apply Qle_Rle in E. replace 0 with (Q2R 0) by (unfold Q2R; simpl; ring). exact E.
  - replace 1 with (Q2R 1) by (unfold Q2R; simpl; field). apply Qlt_Rlt. apply Qnot_le_lt. intros Hle.
    apply Qle_bool_iff in Hle. congruence.
Qed.

Lemma ratio_positive : forall common L f, 0 < real_ratio common L f.
Proof. intros. rewrite ratio_of_logs. apply exp_pos. Qed.

Lemma rational_sign : forall q, (0 < Qnum q)%Z /\ 0 < Q2R q \/ Qnum q = 0%Z /\ Q2R q = 0 \/ (Qnum q < 0)%Z /\ Q2R q < 0.
Proof.
  intros q. assert (0 < / IZR (Zpos (Qden q))) as Hd by (apply Rinv_0_lt_compat; apply IZR_lt; lia). unfold Q2R.
  destruct (Z.lt_trichotomy (Qnum q) 0) as [H|[H|H]].
  - right. right. split; [exact H|]. apply IZR_lt in H. nra.
  - right. left. split; [exact H|]. rewrite H. ring.
  - left. split; [exact H|]. apply IZR_lt in H. nra.
Qed.

(* Whatever the multipliers, this weight is further from its scaled one than the tolerance. *)
Theorem changed_sign_is_sound : forall tolerance w, shows_sign_changed tolerance w = true ->
  forall common L, deviates tolerance common L w.
Proof.
  intros t w H common L. unfold shows_sign_changed in H. destruct (is_tolerance t) eqn:Ht; [|discriminate].
  apply tolerance_range in Ht. apply negb_true_iff in H. apply Z.eqb_neq in H. unfold deviates. cbv zeta.
  assert (Hr := ratio_positive common L (ratio w)). set (r := real_ratio common L (ratio w)) in *.
  destruct (rational_sign (before w)) as [[Zb Hb]|[[Zb Hb]|[Zb Hb]]]; destruct (rational_sign (after w)) as [[Za Ha]|[[Za Ha]|[Za Ha]]];
    try (exfalso; apply H; rewrite ?(Z.sgn_pos _ Zb), ?(Z.sgn_neg _ Zb), ?(Z.sgn_pos _ Za), ?(Z.sgn_neg _ Za), ?Zb, ?Za; reflexivity).
  - assert (0 < Q2R (before w) * r) by (apply Rmult_lt_0_compat; assumption). rewrite Ha, Rabs_right, Rabs_left by lra. nra.
  - assert (0 < Q2R (before w) * r) by (apply Rmult_lt_0_compat; assumption). rewrite Rabs_right, Rabs_left by lra. nra.
  - rewrite Hb, !Rmult_0_l, Rabs_R0, Rabs_right by lra. lra.
  - rewrite Hb, !Rmult_0_l, Rabs_R0, Rabs_left by lra. lra.
  - assert (Q2R (before w) * r < 0) by nra. rewrite Rabs_left, Rabs_right by lra. nra.
  - assert (Q2R (before w) * r < 0) by nra. rewrite Ha, Rabs_left, Rabs_right by lra. nra.
Qed.

(* What cancels at every variable cancels in every sum over the variables. *)
Lemma form_sum : forall n f g, (forall entry, In entry f -> (pred (Pos.to_nat (fst entry)) < n)%nat) ->
  sum_over f (fun entry => IZR (snd entry) * g (pred (Pos.to_nat (fst entry)))) = sum n (fun v => IZR (exponent_in f v) * g v).
Proof.
  intros n f g. induction f as [|entry f IH]; intros H; [simpl; symmetry; apply sum_zero; intros; ring|].
  cbn [sum_over]. rewrite IH by (intros; apply H; right; assumption). set (u := pred (Pos.to_nat (fst entry))).
  rewrite (sum_ext _ (fun v => IZR (exponent_in (entry :: f) v) * g v)
    (fun v => IZR (snd entry) * g v * one_at u v + IZR (exponent_in f v) * g v)).
  - rewrite sum_plus, sum_one_at by (apply H; left; reflexivity). reflexivity.
  - intros v _. simpl. unfold one_at. destruct (Pos.eqb_spec (fst entry) (Pos.of_succ_nat v)) as [E|E].
    + apply place_of in E. fold u in E. rewrite E, Nat.eqb_refl, plus_IZR. ring.
    + destruct (Nat.eqb_spec v u) as [E'|E']; [exfalso; apply E; apply place_of; exact E'|ring].
Qed.

Lemma variables_bounded : forall forms : list (list (BinNums.positive * Z)),
  exists n, forall f entry, In f forms -> In entry f -> (pred (Pos.to_nat (fst entry)) < n)%nat.
Proof.
  assert (forall f : list (BinNums.positive * Z), exists n, forall entry, In entry f -> (pred (Pos.to_nat (fst entry)) < n)%nat) as Hone.
  { induction f as [|entry f (n & IH)]; [exists O; intros entry []|].
    exists (Nat.max n (S (pred (Pos.to_nat (fst entry))))). intros entry' [<-|H]; [lia|]. specialize (IH entry' H). lia. }
  induction forms as [|f forms (n & IH)]; [exists O; intros f entry []|]. destruct (Hone f) as (m & Hm).
  exists (Nat.max n m). intros f' entry [<-|H] He; [specialize (Hm entry He)|specialize (IH f' entry H He)]; lia.
Qed.

Lemma cancelled : forall forms flows g, flows_cancel forms flows = true ->
  sum_over (combine forms flows) (fun both => IZR (snd both) *
    sum_over (fst both) (fun entry => IZR (snd entry) * g (pred (Pos.to_nat (fst entry))))) = 0.
Proof.
  intros forms flows g H. destruct (variables_bounded forms) as (n & Hn).
  rewrite (sum_over_ext _ _ (fun both => sum n (fun v => IZR (snd both) * IZR (exponent_in (fst both) v) * g v))).
  - rewrite sum_over_sum. apply sum_zero. intros v _. destruct (flows_cancel_sum forms flows v H) as [_ Hs].
    rewrite (sum_over_ext _ _ (fun both => g v * (IZR (snd both) * IZR (exponent_in (fst both) v)))) by (intros; ring).
    rewrite sum_over_scale, Hs. ring.
  - intros [f c] Hin. apply in_combine_l in Hin. cbn [fst snd]. rewrite (form_sum n) by (intros; apply (Hn f); assumption).
    rewrite <- sum_scale. apply sum_ext. intros. ring.
Qed.

Lemma less_by_logs : forall l m, forallb is_factor l = true -> forallb is_factor m = true ->
  fraction_less (product_of l) (product_of m) = true ->
  sum_over l (fun f => IZR (power f) * ln (real_factor f)) < sum_over m (fun f => IZR (power f) * ln (real_factor f)).
Proof.
  intros l m Hl Hm H. unfold fraction_less in H. apply negb_true_iff in H. rewrite <- !product_of_log by assumption.
  destruct (product_of_positive l Hl) as [Ol Ul]. destruct (product_of_positive m Hm) as [Om Um]. apply Rnot_le_lt. intros Hle.
  rewrite (proj2 (shifted_le_log _ _ _ (Z.mul_pos_pos _ _ Om Ul) (Z.mul_pos_pos _ _ Ol Um))) in H; [discriminate|].
  rewrite !log_of_product, minus_IZR by assumption. lra.
Qed.

Lemma quotient_real : forall both, is_factor (quotient_factor both) = true ->
  real_factor (quotient_factor both) = Q2R (after (fst both)) / Q2R (before (fst both)) /\
  0 < Q2R (after (fst both)) / Q2R (before (fst both)).
Proof.
  intros both H. assert (Hp := is_factor_positive _ H). unfold quotient_factor in Hp. simpl in Hp. destruct Hp as [H1 H2].
  assert (real_factor (quotient_factor both) = Q2R (after (fst both)) / Q2R (before (fst both))) as E.
  { unfold real_factor, quotient_factor. cbn [top bottom binary]. rewrite two_zero, !mult_IZR. unfold Q2R.
    assert (0 < IZR (Zpos (Qden (before (fst both))))) by (apply IZR_lt; lia).
    assert (0 < IZR (Zpos (Qden (after (fst both))))) by (apply IZR_lt; lia).
    assert (Qnum (before (fst both)) <> 0)%Z as Hne by (intros E; rewrite E in H2; simpl in H2; lia).
    assert (IZR (Qnum (before (fst both))) <> 0) by (intros E; apply Hne; apply eq_IZR; exact E).
    destruct (Z.lt_trichotomy (Qnum (before (fst both))) 0) as [Hs|[Hs|Hs]]; [|contradiction|].
    - rewrite Z.sgn_neg, Z.abs_neq, opp_IZR by lia. change (IZR (-1)) with (- (1)). field. repeat split; lra.
    - rewrite Z.sgn_pos, Z.abs_eq by lia. field. repeat split; lra. }
  split; [exact E|]. rewrite <- E. unfold real_factor, quotient_factor. cbn [top bottom binary]. apply IZR_lt in H1. apply IZR_lt in H2.
  apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; assumption|apply two_positive].
Qed.

Lemma end_real : forall q c, 0 < Q2R q -> is_factor (end_factor q c) = true /\ real_factor (end_factor q c) = Q2R q.
Proof.
  intros q c H. unfold end_factor. split; [|apply rational_factor]. unfold is_factor. simpl.
  destruct (rational_sign q) as [[Hz _]|[[_ E]|[_ E]]]; [|lra|lra]. apply Z.ltb_lt in Hz. rewrite Hz. reflexivity.
Qed.

Lemma log_between : forall c x t, 0 <= t < 1 -> 1 - t <= x <= 1 + t ->
  IZR c * ln (if (0 <? c)%Z then 1 - t else 1 + t) <= IZR c * ln x <= IZR c * ln (if (0 <? c)%Z then 1 + t else 1 - t).
Proof.
  intros c x t Ht Hx. assert (ln (1 - t) <= ln x <= ln (1 + t)) as Hl.
  { split; [destruct (proj1 Hx) as [H|H]|destruct (proj2 Hx) as [H|H]]; try (left; apply ln_increasing; lra); right; f_equal; lra. }
  destruct (Z.ltb_spec 0 c) as [H|H].
  - apply IZR_lt in H. split; apply Rmult_le_compat_l; lra.
  - apply IZR_le in H. split; apply Rmult_le_compat_neg_l; lra.
Qed.

(* Whatever the multipliers, some weight of the cycle is further from its scaled one than the tolerance. *)
Theorem broken_cycle_is_sound : forall tolerance cycle, shows_cycle_broken tolerance cycle = true ->
  forall common L, exists both, In both cycle /\ deviates tolerance common L (fst both).
Proof.
  intros t cycle H common L. unfold shows_cycle_broken in H. destruct (is_tolerance t) eqn:Ht; [|discriminate].
  apply tolerance_range in Ht. destruct (forallb _ cycle) eqn:Hq; [|discriminate].
  destruct (flows_cancel _ _) eqn:Hc; [|discriminate]. cbv zeta in H. rewrite forallb_forall in Hq.
  apply NNPP. intros Hno.
  set (r := fun both : pair_of_weights * Z => real_ratio common L (ratio (fst both))).
  set (x := fun both : pair_of_weights * Z => Q2R (after (fst both)) / Q2R (before (fst both)) / r both).
  assert (forall both, In both cycle -> 1 - Q2R t <= x both <= 1 + Q2R t /\
    ln (Q2R (after (fst both)) / Q2R (before (fst both))) = ln (x both) + ln (r both)) as Hx.
  { intros both Hin. destruct (quotient_real both (Hq both Hin)) as [_ Hp]. assert (0 < r both) as Hr by apply ratio_positive.
    assert (0 < / r both) by (apply Rinv_0_lt_compat; exact Hr).
    assert (Q2R (before (fst both)) <> 0) as Hb.
    { intros E. rewrite E in Hp. unfold Rdiv in Hp. rewrite Rinv_0, Rmult_0_r in Hp. lra. }
    assert (0 < x both) as Hxp by (apply Rmult_lt_0_compat; assumption).
    split.
    - assert (Rabs (Q2R (after (fst both)) - Q2R (before (fst both)) * r both) <= Q2R t * Rabs (Q2R (before (fst both)) * r both)) as Hd.
      { apply Rnot_lt_le. intros Hlt. apply Hno. exists both. split; [exact Hin|exact Hlt]. }
      replace (Q2R (after (fst both)) - Q2R (before (fst both)) * r both) with ((x both - 1) * (Q2R (before (fst both)) * r both)) in Hd
        by (unfold x; field; split; lra).
      rewrite Rabs_mult in Hd. apply Rmult_le_reg_r in Hd; [|apply Rabs_pos_lt; apply Rmult_integral_contrapositive; split; lra].
      assert (H1 := Rle_abs (x both - 1)). assert (H2 := Rle_abs (- (x both - 1))). rewrite Rabs_Ropp in H2. lra.
    - rewrite <- ln_mult by assumption. f_equal. unfold x. field. split; lra. }
  assert (sum_over cycle (fun both => IZR (snd both) * ln (r both)) = 0) as Hzero.
  { assert (Hs := cancelled _ _ (fun v => ln (L v) / IZR (Zpos common)) Hc).
    rewrite <- Hs. clear. unfold r. induction cycle as [|both cycle IH]; [reflexivity|]. cbn [map combine sum_over]. rewrite IH. f_equal.
    cbn [fst snd]. f_equal. rewrite ratio_of_logs, ln_exp. apply sum_over_ext. intros. unfold Rdiv. ring. }
  assert (sum_over (map quotient_factor cycle) (fun f => IZR (power f) * ln (real_factor f))
    = sum_over cycle (fun both => IZR (snd both) * ln (x both))) as Hfound.
  { rewrite sum_over_map. rewrite (sum_over_ext _ _ (fun both => IZR (snd both) * ln (x both) + IZR (snd both) * ln (r both))).
    - rewrite sum_over_plus, Hzero. ring.
    - intros both Hin. rewrite (proj1 (quotient_real both (Hq both Hin))), (proj2 (Hx both Hin)). cbn [power quotient_factor]. ring. }
  assert (forall s : bool, 0 < Q2R (if s then 1 - t else 1 + t)%Q /\ 0 < Q2R (if s then 1 + t else 1 - t)%Q /\
    Q2R (if s then 1 - t else 1 + t)%Q = (if s then 1 - Q2R t else 1 + Q2R t) /\
    Q2R (if s then 1 + t else 1 - t)%Q = (if s then 1 + Q2R t else 1 - Q2R t)) as Hends.
  { assert (Q2R 1 = 1) as E1 by (unfold Q2R; simpl; field).
    intros s. destruct s; rewrite Q2R_minus, Q2R_plus, E1; repeat split; lra. }
  assert (forallb is_factor (map quotient_factor cycle) = true) as F0.
  { apply forallb_forall. intros f Hin. apply in_map_iff in Hin. destruct Hin as (both & <- & Hin). apply Hq. exact Hin. }
  destruct (fraction_less (product_of (map quotient_factor cycle)) (product_of (map (least_factor t) cycle))) eqn:Hless.
  - apply less_by_logs in Hless; [|exact F0|].
    + rewrite Hfound, sum_over_map in Hless. apply (Rlt_not_le _ _ Hless). apply sum_over_le. intros both Hin.
      unfold least_factor. destruct (Hends (0 <? snd both)%Z) as (P1 & _ & E1 & _). rewrite (proj2 (end_real _ _ P1)), E1.
      cbn [power end_factor]. apply (log_between (snd both) (x both) (Q2R t) Ht). apply Hx. exact Hin.
    + apply forallb_forall. intros f Hin. apply in_map_iff in Hin. destruct Hin as (both & <- & _). apply end_real. apply Hends.
  - apply less_by_logs in H; [|apply forallb_forall; intros f Hin; apply in_map_iff in Hin; destruct Hin as (both & <- & _);
      apply end_real; apply Hends|exact F0].
    rewrite Hfound, sum_over_map in H. apply (Rlt_not_le _ _ H). apply sum_over_le. intros both Hin.
    unfold most_factor. destruct (Hends (0 <? snd both)%Z) as (_ & P1 & _ & E1). rewrite (proj2 (end_real _ _ P1)), E1.
    cbn [power end_factor]. apply (log_between (snd both) (x both) (Q2R t) Ht). apply Hx. exact Hin.
Qed.
