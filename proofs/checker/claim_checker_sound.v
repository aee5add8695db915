(* What the checkers of the claims `attained`, `not_attained`, `balanced`, `scaling` and `not_scaled` (claim_checker.v) accept is true. *)

From Coq Require Import Reals ZArith QArith Qreals List Arith FMapPositive Bool Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_attained energy_rounding energy_evaluation.
From Synbal Require Import energy_intervals rounded_powers energy_checker energy_checker_sound claim_checker.
Import ListNotations.
Open Scope R_scope.

(** What the numbers stand for *)

Definition no_cost : cost_term := CostTerm 1%Q 1%Q 1%Q [].

Definition cost_number (P : cost_problem) (e : nat) : cost_term := nth e (costs P) no_cost.

Definition real_cost (t : cost_term) : R := Q2R (coefficient t) * Rpower (Q2R (weight_size t)) (Q2R (weight_power t)).

Definition real_costs (P : cost_problem) : rational_powers :=
  RationalPowers (unknowns P) (seq 0 (length (costs P))) (fun e => real_cost (cost_number P e))
    (fun e => exponent_in (exponents (cost_number P e))) (fun _ _ => 0%Z) (fun _ => Zpos (over_common P)).

Definition real_multipliers (l : list Q) (v : nat) : R := Q2R (nth v l 1%Q).

(* The product of powers of multipliers by which a weight changes. *)
Definition real_ratio (common : BinNums.positive) (L : nat -> R) (f : list (BinNums.positive * Z)) : R :=
  fold_right (fun entry r => Rpower (L (pred (Pos.to_nat (fst entry)))) (IZR (snd entry) / IZR (Zpos common)) * r) 1 f.

(** Problems *)

Lemma positive_rational : forall q, (0 < Qnum q)%Z -> 0 < Q2R q.
Proof.
  intros q H. unfold Q2R. apply Rmult_lt_0_compat; [apply IZR_lt; exact H|]. apply Rinv_0_lt_compat. apply IZR_lt. lia.
Qed.

Lemma rational_factor : forall q k, real_factor (Factor (Qnum q) (Zpos (Qden q)) 0 k) = Q2R q.
Proof. intros q k. unfold real_factor, Q2R, Rdiv. cbn [top bottom binary]. rewrite two_zero. ring. Qed.

Lemma is_cost_positive : forall t, is_cost t = true -> 0 < Q2R (coefficient t) /\ 0 < Q2R (weight_size t).
Proof.
  intros t H. unfold is_cost in H. destruct (Z.ltb_spec 0 (Qnum (coefficient t))); [|discriminate]. apply Z.ltb_lt in H.
  split; apply positive_rational; assumption.
Qed.

Lemma listed_cost : forall P e, In e (listed (real_costs P)) -> In (cost_number P e) (costs P).
Proof. intros P e H. simpl in H. apply in_seq in H. apply nth_In. lia. Qed.

Lemma proper_costs : forall P, forallb is_cost (costs P) = true -> proper (real_costs P).
Proof.
  intros P H. split.
  - intros e He. rewrite forallb_forall in H. apply listed_cost in He. destruct (is_cost_positive _ (H _ He)) as [H1 _].
    apply Rmult_lt_0_compat; [exact H1|apply exp_pos].
  - intros v _. simpl. lia.
Qed.

Lemma flows_cancel_sum : forall forms flows v, flows_cancel forms flows = true ->
  length flows = length forms /\ sum_over (combine forms flows) (fun both => IZR (snd both) * IZR (exponent_in (fst both) v)) = 0.
Proof.
  intros forms flows v H. unfold flows_cancel in H. destruct (Nat.eqb_spec (length forms) (length flows)) as [Hl|]; [|discriminate].
  split; [congruence|]. set (l := map _ _) in H.
  assert (fold_right (fun r s => flow_number r * exponent_in (adds r) v + s)%Z 0%Z l = 0%Z) as Hz.
  { assert (Hv := value_after_readings l (PositiveMap.empty Z) v). unfold value_at in Hv at 2. rewrite PositiveMap.gempty in Hv.
    rewrite Z.add_0_l in Hv. rewrite <- Hv. unfold value_at. destruct (PositiveMap.find _ _) as [x|] eqn:E; [|reflexivity].
    apply PositiveMap.elements_correct in E. unfold conserved in H. rewrite forallb_forall in H. specialize (H _ E).
    apply Z.eqb_eq in H. exact H. }
  apply (f_equal IZR) in Hz. rewrite IZR_fold in Hz. unfold l in Hz. rewrite sum_over_map in Hz.
  rewrite <- Hz. apply sum_over_ext. intros both _. simpl. rewrite mult_IZR. reflexivity.
Qed.

Lemma combine_nth_sum : forall {S T} (l : list S) (m : list T) d e f, length m = length l ->
  sum_over (combine l m) f = sum_over (seq 0 (length l)) (fun k => f (nth k l d, nth k m e)).
Proof.
  intros S T l m d e f H. rewrite <- (sum_over_seq (combine l m) (d, e)), combine_length, H, Nat.min_id.
  apply sum_over_ext. intros k _. rewrite combine_nth by congruence. reflexivity.
Qed.

Lemma flows_circulate : forall P flows D, flows_cancel (map exponents (costs P)) flows = true -> (0 < D)%Z ->
  circulates (powers_of (real_costs P)) (fun e => IZR (nth e flows 0%Z) / IZR D).
Proof.
  intros P flows D H HD v _. destruct (flows_cancel_sum _ _ v H) as [Hl Hs]. rewrite map_length in Hl.
  rewrite (combine_nth_sum _ _ (exponents no_cost) 0%Z) in Hs by (rewrite map_length; exact Hl). rewrite map_length in Hs.
  apply IZR_lt in HD. assert (0 < IZR (Zpos (over_common P))) by (apply IZR_lt; lia).
  transitivity (/ IZR D / IZR (Zpos (over_common P)) * 0); [|ring]. rewrite <- Hs, <- sum_over_scale. apply sum_over_ext.
  intros e _. cbn [fst snd]. rewrite map_nth. simpl. rewrite Z.add_0_r. unfold cost_number. field. lra.
Qed.

(* For an accepted circulation a minimum exists. *)
Theorem attained_is_sound : forall P one flows, shows_attained P one flows = true ->
  proper (real_costs P) /\ exists best, minimal (real_costs P) best.
Proof.
  intros P unit flows H. unfold shows_attained in H. destruct (forallb is_cost (costs P)) eqn:Hc; [|discriminate].
  destruct (Z.ltb_spec 0 unit) as [Ho|]; [|discriminate]. destruct (forallb _ flows) eqn:Hy; [|discriminate].
  assert (HQ := proper_costs P Hc). split; [exact HQ|].
  destruct (circulation_attains (powers_of (real_costs P)) (fun e => IZR (nth e flows 0%Z) / IZR 1)) as (x & Hx).
  - apply proper_positive. exact HQ.
  - apply seq_NoDup.
  - intros e He. destruct (flows_cancel_sum _ _ 0 H) as [Hl _]. rewrite map_length in Hl. simpl in He. apply in_seq in He.
    assert (e < length flows)%nat as Hel by (rewrite Hl; apply He).
    rewrite forallb_forall in Hy. specialize (Hy (nth e flows 0%Z) (nth_In flows 0%Z Hel)). apply Z.leb_le in Hy.
    apply Rdiv_lt_0_compat; [|lra]. apply IZR_lt. lia.
  - apply flows_circulate; [exact H|lia].
  - exists (exp_of x). apply lowest_minimal. exact Hx.
Qed.

(** Directions *)

Lemma form_along : forall n f d, sum n (fun v => IZR (exponent_in f v) * IZR (nth v d 0%Z)) = IZR (slope_along (table d) f) \/ (n < length d)%nat.
Proof.
  intros n f d. destruct (Nat.lt_ge_cases n (length d)) as [|Hn]; [right; assumption|left].
  induction f as [|entry f IH]; [apply sum_zero; intros; simpl; ring|]. simpl. rewrite plus_IZR, mult_IZR, <- IH.
  unfold value_at. rewrite table_find. set (u := pred (Pos.to_nat (fst entry))).
  rewrite (sum_ext _ _ (fun v => IZR (snd entry) * IZR (nth v d 0%Z) * one_at u v + IZR (exponent_in f v) * IZR (nth v d 0%Z))).
  - rewrite sum_plus. f_equal. destruct (nth_error d u) as [x|] eqn:E.
    + assert (u < length d)%nat as Hu by (apply nth_error_Some; congruence).
      rewrite sum_one_at by lia. rewrite (nth_error_nth _ _ _ E). reflexivity.
    + apply nth_error_None in E. rewrite Rmult_0_r. apply sum_zero. intros v _. unfold one_at.
      destruct (Nat.eqb_spec v u) as [->|]; [rewrite (nth_overflow d) by exact E|]; ring.
  - intros v _. simpl. unfold one_at. destruct (Pos.eqb_spec (fst entry) (Pos.of_succ_nat v)) as [E|E].
    + apply place_of in E. fold u in E. rewrite E, Nat.eqb_refl, plus_IZR. ring.
    + destruct (Nat.eqb_spec v u) as [E'|E']; [exfalso; apply E; apply place_of; exact E'|ring].
Qed.

Definition real_direction (d : list Z) (v : nat) : R := IZR (nth v d 0%Z).

Lemma slope_is_form : forall P d e, length d = unknowns P ->
  form (powers_of (real_costs P)) (real_direction d) e = / IZR (Zpos (over_common P)) * IZR (slope_along (table d) (exponents (cost_number P e))).
Proof.
  intros P d e Hd. destruct (form_along (unknowns P) (exponents (cost_number P e)) d) as [H|H]; [|lia].
  rewrite <- H. unfold form. simpl. rewrite <- sum_scale. apply sum_ext. intros v _. rewrite Z.add_0_r. unfold real_direction, Rdiv. ring.
Qed.

Lemma direction_falls : forall P d, length d = unknowns P -> no_cost_rises P (table d) = true -> a_cost_falls P (table d) = true ->
  falls_along (powers_of (real_costs P)) (real_direction d).
Proof.
  intros P d Hd Hr Hf. assert (0 < / IZR (Zpos (over_common P))) as Hc by (apply Rinv_0_lt_compat; apply IZR_lt; lia).
  unfold no_cost_rises in Hr. rewrite forallb_forall in Hr. split.
  - intros e He. rewrite slope_is_form by exact Hd. specialize (Hr _ (listed_cost P e He)). apply Z.leb_le in Hr. apply IZR_le in Hr. nra.
  - unfold a_cost_falls in Hf. apply existsb_exists in Hf. destruct Hf as (t & Ht & Hlt). apply Z.ltb_lt in Hlt. apply IZR_lt in Hlt.
    destruct (In_nth _ _ no_cost Ht) as (e & He & Ee). exists e. split; [simpl; apply in_seq; lia|].
    rewrite slope_is_form by exact Hd. unfold cost_number. rewrite Ee. nra.
Qed.

(* Along an accepted direction the regularizer falls from everywhere. *)
Theorem not_attained_is_sound : forall P direction, shows_not_attained P direction = true ->
  proper (real_costs P) /\ falls_along (powers_of (real_costs P)) (real_direction direction) /\ ~ exists best, minimal (real_costs P) best.
Proof.
  intros P d H. unfold shows_not_attained in H. destruct (forallb is_cost (costs P)) eqn:Hc; [|discriminate].
  destruct (Nat.eqb_spec (length d) (unknowns P)) as [Hd|]; [|discriminate]. destruct (no_cost_rises P _) eqn:Hr; [|discriminate].
  assert (HQ := proper_costs P Hc). assert (Hf := direction_falls P d Hd Hr H). split; [exact HQ|]. split; [exact Hf|].
  intros (best & Hb). apply (falling_not_attained _ _ (proper_positive _ HQ) Hf). exists (log_of best). apply minimal_lowest. exact Hb.
Qed.

(** Exact costs *)

Lemma exact_factors : forall n l q, exact n l = Some q -> forallb is_factor l = true.
Proof.
  intros n l q H. unfold exact in H. destruct (reduced n l) as [[k r]|] eqn:E; [|discriminate]. apply (reduced_is_sound n l k r E).
Qed.

Lemma multiplier_logs : forall m n common mu f l, (0 < n)%Z -> (length mu <= m)%nat ->
  all_some (multiplier_factor n (table mu)) f = Some l ->
  sum_over l (fun x => IZR (power x) / IZR (n * Zpos common) * ln (real_factor x))
  = sum m (fun v => IZR (exponent_in f v) / IZR (Zpos common) * ln (real_multipliers mu v)).
Proof.
  intros m n common mu f l Hn Hm. assert (0 < IZR n) by (apply IZR_lt; exact Hn). assert (0 < IZR (Zpos common)) by (apply IZR_lt; lia).
  revert l. induction f as [|entry f IH]; intros l H1; simpl in H1.
  - injection H1 as <-. simpl. symmetry. apply sum_zero. intros v _. unfold Rdiv. ring.
  - destruct (multiplier_factor n _ entry) as [x|] eqn:Ex; [|discriminate]. destruct (all_some _ f) as [rest|]; [|discriminate].
    injection H1 as <-. cbn [sum_over]. rewrite (IH rest eq_refl). unfold multiplier_factor in Ex. rewrite table_find in Ex.
    set (u := pred (Pos.to_nat (fst entry))) in *. destruct (nth_error mu u) as [q|] eqn:En; [|discriminate]. injection Ex as <-.
    assert (u < length mu)%nat as Hu by (apply nth_error_Some; congruence). rewrite rational_factor. cbn [power].
    assert (real_multipliers mu u = Q2R q) as Eq by (unfold real_multipliers; rewrite (nth_error_nth _ _ _ En); reflexivity).
    rewrite (sum_ext _ (fun v => IZR (exponent_in (entry :: f) v) / IZR (Zpos common) * ln (real_multipliers mu v))
      (fun v => IZR (snd entry) / IZR (Zpos common) * ln (real_multipliers mu v) * one_at u v
        + IZR (exponent_in f v) / IZR (Zpos common) * ln (real_multipliers mu v))).
    + rewrite sum_plus, sum_one_at by lia. rewrite Eq, !mult_IZR. f_equal. field. lra.
    + intros v _. simpl. unfold one_at. destruct (Pos.eqb_spec (fst entry) (Pos.of_succ_nat v)) as [E|E].
      * apply place_of in E. fold u in E. rewrite E, Nat.eqb_refl, plus_IZR. unfold Rdiv. ring.
      * destruct (Nat.eqb_spec v u) as [E'|E']; [exfalso; apply E; apply place_of; exact E'|ring].
Qed.

Lemma exact_cost_real : forall P mu e q, length mu = unknowns P -> is_cost (cost_number P e) = true ->
  exact_cost P (table mu) (cost_number P e) = Some q -> Q2R q = cost_of (real_costs P) (real_multipliers mu) e.
Proof.
  intros P mu e q Hl Hc H. unfold exact_cost in H. set (t := cost_number P e) in *. set (n := Zpos (Qden (weight_power t))) in *.
  destruct (all_some _ (exponents t)) as [l|] eqn:Ea; [|discriminate]. apply exact_is_sound in H. rewrite H. clear H.
  destruct (is_cost_positive t Hc) as [P1 P2]. assert (0 < IZR n) by (apply IZR_lt; unfold n; lia).
  assert (0 < IZR (Zpos (over_common P))) by (apply IZR_lt; lia).
  unfold real_root. cbn [sum_over]. rewrite !rational_factor. cbn [power].
  rewrite (multiplier_logs (unknowns P) n (over_common P) mu (exponents t) l) by (try exact Ea; unfold n; lia).
  unfold cost_of, power_product. rewrite !product_of_powers. unfold real_costs. cbn [size base target_form source_form denominator]. fold t.
  rewrite (sum_zero (unknowns P) (fun v => 0 / _ * _)) by (intros; unfold Rdiv; ring). rewrite exp_0, Rmult_1_r.
  unfold real_cost, Rpower. rewrite !exp_plus, Rmult_assoc. f_equal; [|f_equal].
  - rewrite !mult_IZR. replace (IZR n * IZR (Zpos (over_common P)) / (IZR n * IZR (Zpos (over_common P)))) with 1 by (field; lra).
    rewrite Rmult_1_l. apply exp_ln. exact P1.
  - f_equal. f_equal. unfold Q2R. fold n. rewrite !mult_IZR. field. lra.
Qed.

Lemma exact_flows : forall D l flows, as_integers D l = Some flows -> (0 < D)%Z ->
  length flows = length l /\ forall e, (e < length l)%nat -> IZR (nth e flows 0%Z) / IZR D = Q2R (nth e l 0%Q).
Proof.
  intros D l flows H HD. unfold as_integers in H. destruct (all_some_each _ _ _ H) as [Hlen Hn]. split; [exact Hlen|].
  intros e He. specialize (Hn e). rewrite (nth_error_nth' l 0%Q He) in Hn. cbv zeta in Hn. set (q := nth e l 0%Q) in *.
  destruct (Z.eqb_spec (Qnum q * (D / Zpos (Qden q)) * Zpos (Qden q)) (Qnum q * D)) as [E|].
  - rewrite (nth_error_nth _ _ _ Hn). apply (f_equal IZR) in E. rewrite !mult_IZR in E.
    apply IZR_lt in HD. assert (0 < IZR (Zpos (Qden q))) by (apply IZR_lt; lia). unfold Q2R.
    apply Rmult_eq_reg_r with (IZR D * IZR (Zpos (Qden q))); [|nra]. rewrite mult_IZR. field_simplify; lra.
  - exfalso. rewrite nth_error_nth' with (d := 0%Z) in Hn by lia. discriminate.
Qed.

Lemma multipliers_are_positive : forall mu, forallb (fun q => 0 <? Qnum q)%Z mu = true -> forall v, 0 < real_multipliers mu v.
Proof.
  intros mu H v. unfold real_multipliers. rewrite forallb_forall in H. destruct (Nat.lt_ge_cases v (length mu)) as [Hv|Hv].
  - apply positive_rational. apply Z.ltb_lt. apply H. apply nth_In. exact Hv.
  - rewrite nth_overflow by exact Hv. unfold Q2R. simpl. lra.
Qed.

(* At accepted multipliers every variable is balanced exactly, and they are optimal. *)
Theorem balanced_is_sound : forall P mu, shows_balanced P mu = true ->
  proper (real_costs P) /\ balanced_at (real_costs P) (real_multipliers mu) /\ minimal (real_costs P) (real_multipliers mu).
Proof.
  intros P mu H. unfold shows_balanced in H. destruct (forallb is_cost (costs P)) eqn:Hc; [|discriminate].
  destruct (Nat.eqb_spec (length mu) (unknowns P)) as [Hl|]; [|discriminate]. destruct (forallb _ mu) eqn:Hp; [|discriminate].
  destruct (all_some _ (costs P)) as [found|] eqn:Ha; [|discriminate]. cbv zeta in H. set (D := common_multiple found) in *.
  destruct (Z.ltb_spec 0 D) as [HD|]; [|discriminate]. destruct (as_integers D found) as [flows|] eqn:Hf; [|discriminate].
  assert (HQ := proper_costs P Hc). assert (forall v, 0 < real_multipliers mu v) as Hpos by (apply multipliers_are_positive; exact Hp).
  destruct (all_some_each _ _ _ Ha) as [Hlen Hn]. destruct (exact_flows D found flows Hf HD) as [_ Hv].
  assert (balanced_at (real_costs P) (real_multipliers mu)) as Hb.
  { apply balanced_steady; [exact HQ|intros v _; apply Hpos|]. intros v Hv'. simpl in Hv'.
    transitivity (sum_over (listed (real_costs P)) (fun e => IZR (nth e flows 0%Z) / IZR D * exponent (powers_of (real_costs P)) e v)).
    - apply sum_over_ext. intros e He. f_equal. rewrite <- cost_of_log. assert (He' := He). simpl in He'. apply in_seq in He'.
      rewrite Hv by lia. symmetry. rewrite forallb_forall in Hc.
      apply exact_cost_real; [exact Hl|apply Hc; apply listed_cost; exact He|]. specialize (Hn e).
      rewrite (nth_error_nth' found 0%Q) in Hn by lia. rewrite (nth_error_nth' (costs P) no_cost) in Hn by lia. symmetry. exact Hn.
    - apply (flows_circulate P flows D H HD v). exact Hv'. }
  split; [exact HQ|]. split; [exact Hb|]. apply balanced_iff_minimal; assumption.
Qed.

(** Balanced in the limit *)

Lemma limit_along : forall Q d mu keep, proper Q -> NoDup (listed Q) ->
  (forall e, In e (listed Q) -> form (powers_of Q) d e <= 0) ->
  (forall e, In e (listed Q) -> (keep e = true <-> form (powers_of Q) d e = 0)) ->
  balanced_at (kept_problem Q keep) mu ->
  (forall mu', positive Q mu' -> regularizer_of (kept_problem Q keep) mu <= regularizer_of Q mu') /\
  (forall a, 0 < a -> exists mu', positive Q mu' /\ regularizer_of Q mu' <= regularizer_of (kept_problem Q keep) mu + a).
Proof.
  intros Q d mu keep HQ Hnd Hd Hkeep Hb. set (P := powers_of Q). assert (HP := proper_positive Q HQ). fold P in HP.
  destruct (limit_problem P HP Hnd) as (keep' & best & Hon & Hsteady & (Hlow & Hnear) & _).
  assert (proper (kept_problem Q keep)) as HQ'.
  { split; [|apply HQ]. intros e He. apply filter_In in He. apply HQ. apply He. }
  assert (steady (kept_powers P keep) (log_of mu)) as Hs by (apply balanced_steady in Hb; [exact Hb|exact HQ'|apply Hb]).
  assert (filter keep' (counted P) = filter keep (counted P)) as Ek.
  { apply filter_ext_in. intros e He. apply eq_true_iff_eq. rewrite (Hon e He), (Hkeep e He). split.
    - intros (y & Hy & Hc & Hye). assert (H := circulation_against_forms P y d Hc).
      destruct (Rle_lt_or_eq_dec _ _ (Hd e He)) as [Hlt|E]; [|exact E]. exfalso.
      assert (sum_over (counted P) (fun e => y e * form P d e) < sum_over (counted P) (fun _ => 0)) as Hneg.
      { apply sum_over_lt with e; [|exact He|fold P in Hlt; nra]. intros k Hk. specialize (Hy k Hk). specialize (Hd k Hk). fold P in Hd. nra. }
      rewrite (sum_over_zero _ (fun _ => 0)) in Hneg by reflexivity. lra.
    - intros E. exists (fun k => if keep k then amount P (log_of mu) k else 0). split; [|split].
      + intros k Hk. destruct (keep k); [left; apply amount_positive; assumption|lra].
      + intros v Hv. apply eq_trans with (2 := Hs v Hv). simpl. rewrite sum_over_kept. apply sum_over_ext. intros k _.
        destruct (keep k); [reflexivity|ring].
      + apply (Hkeep e He) in E. rewrite E. apply amount_positive; assumption. }
  assert (whole (kept_powers P keep') best = regularizer_of (kept_problem Q keep) mu) as E.
  { rewrite regularizer_of_log. change (powers_of (kept_problem Q keep)) with (kept_powers P keep).
    unfold kept_powers in Hsteady |- *. rewrite Ek in *. fold (kept_powers P keep) in *.
    apply Rle_antisym; apply lowest_iff_steady; try apply kept_positive; assumption. }
  rewrite E in Hlow, Hnear. split.
  - intros mu' _. rewrite (regularizer_of_log Q). apply Hlow.
  - intros a Ha. destruct (Hnear a Ha) as (z & Hz). exists (exp_of z). split; [apply positive_exp|]. rewrite regularizer_of_exp. exact Hz.
Qed.

Lemma filtered_sum : forall {T} (l : list T) keep f, sum_over (filter keep l) f = sum_over l (fun x => if keep x then f x else 0).
Proof. intros T l keep f. induction l as [|x l IH]; simpl; [reflexivity|]. rewrite <- IH. destruct (keep x); simpl; lra. Qed.

(* The terms that are kept, with the numbers that they have among all. *)
Definition kept_numbers (P : cost_problem) (keep : cost_term -> bool) : rational_powers :=
  kept_problem (real_costs P) (fun e => keep (cost_number P e)).

Lemma kept_terms : forall P keep f,
  sum_over (listed (kept_numbers P keep)) (fun e => f (cost_number P e)) = sum_over (costs (kept_costs P keep)) f.
Proof.
  intros P keep f. unfold kept_numbers, kept_costs. simpl. rewrite !filtered_sum.
  rewrite <- (sum_over_seq (costs P) no_cost). reflexivity.
Qed.

Lemma balanced_kept : forall P keep mu, balanced_at (real_costs (kept_costs P keep)) mu -> balanced_at (kept_numbers P keep) mu.
Proof.
  intros P keep mu [Hp Hb]. split; [exact Hp|]. intros v Hv. specialize (Hb v Hv).
  pose (cost := fun t => real_cost t * product (unknowns P) (fun u => Rpower (mu u) (IZR (exponent_in (exponents t) u) / IZR (Zpos (over_common P))))
    * product (unknowns P) (fun u => Rpower (mu u) (IZR 0 / IZR (Zpos (over_common P))))).
  transitivity (sum_over (listed (kept_numbers P keep)) (fun e => (fun t => IZR (exponent_in (exponents t) v + 0) * cost t) (cost_number P e)));
    [reflexivity|]. rewrite (kept_terms P keep (fun t => IZR (exponent_in (exponents t) v + 0) * cost t)).
  rewrite <- (sum_over_seq _ no_cost). exact Hb.
Qed.

(* Without the terms that fall along the direction the multipliers are balanced exactly; the infimum of all is not attained, and is the
   regularizer without those terms. *)
Theorem balanced_in_the_limit_is_sound : forall P direction mu, shows_balanced_in_the_limit P direction mu = true ->
  let keep := stays_along (table direction) in
  (~ exists best, minimal (real_costs P) best) /\
  balanced_at (kept_numbers P keep) (real_multipliers mu) /\
  (forall mu', positive (real_costs P) mu' -> regularizer_of (kept_numbers P keep) (real_multipliers mu) <= regularizer_of (real_costs P) mu') /\
  (forall a, 0 < a -> exists mu', positive (real_costs P) mu' /\
     regularizer_of (real_costs P) mu' <= regularizer_of (kept_numbers P keep) (real_multipliers mu) + a).
Proof.
  intros P d mu H keep. unfold shows_balanced_in_the_limit in H. destruct (shows_not_attained P d) eqn:Hn; [|discriminate].
  destruct (not_attained_is_sound P d Hn) as (HQ & Hf & Hno). destruct (balanced_is_sound _ mu H) as (_ & Hb & _).
  split; [exact Hno|]. assert (Hk := balanced_kept P keep _ Hb). split; [exact Hk|].
  apply (limit_along (real_costs P) (real_direction d)); [exact HQ|apply seq_NoDup|apply Hf| |exact Hk].
  intros e He. unfold keep, stays_along. unfold shows_not_attained in Hn. destruct (forallb is_cost _); [|discriminate].
  destruct (Nat.eqb_spec (length d) (unknowns P)) as [Hd|]; [|discriminate]. rewrite slope_is_form by exact Hd. rewrite Z.eqb_eq.
  assert (0 < / IZR (Zpos (over_common P))) by (apply Rinv_0_lt_compat; apply IZR_lt; lia).
  split; [intros ->; ring|]. intros E. apply Rmult_integral in E. destruct E as [E|E]; [lra|]. apply eq_IZR. exact E.
Qed.
