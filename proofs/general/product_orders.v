(* Costs that are products of powers of multipliers, with any exponents: any fair order in which each step changes one variable and gains at
   least a fixed fraction of what that variable can gain leads to the minimum, if there is one. The argument is that of fractions.v. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import finite_sums balancing_problem convexity convergence subsequences fractions energy energy_minima energy_attained.
Import ListNotations.
Open Scope R_scope.

(* The derivative by one variable. *)
Definition push (P : powers) (x : nat -> R) (v : nat) : R := sum_over (counted P) (fun e => amount P x e * exponent P e v).

Lemma form_moved : forall P x v a e, (v < variables P)%nat ->
  form P (moved x v a) e = form P x e + exponent P e v * (a - x v).
Proof.
  intros P x v a e Hv. enough (form P (moved x v a) e - form P x e = exponent P e v * (a - x v)) by lra.
  unfold form. rewrite <- sum_minus, (sum_single (variables P) _ v Hv).
  - rewrite moved_same. ring.
  - intros u _ Hu. rewrite moved_other by exact Hu. ring.
Qed.

(* What amounts tend to when forms tend to z. *)
Definition limit_amount (P : powers) (z : nat -> R) (e : nat) : R := coefficient P e * exp (z e).
Definition near_forms (P : powers) (z : nat -> R) (x : nat -> R) (d : R) : Prop :=
  forall e, In e (counted P) -> Rabs (form P x e - z e) <= d.

Lemma close_amounts : forall P z, positive_costs P -> forall r, 0 < r ->
  exists d, 0 < d /\ forall x, near_forms P z x d -> sum_over (counted P) (fun e => Rabs (amount P x e - limit_amount P z e)) <= r.
Proof.
  intros P z HP. unfold near_forms, positive_costs in *. induction (counted P) as [|e l IH]; intros r Hr.
  - exists 1. split; [lra|]. intros. simpl. lra.
  - destruct (IH ltac:(intros; apply HP; right; assumption) (r / 2) ltac:(lra)) as (d & Hd & H).
    assert (Hc : 0 < coefficient P e) by (apply HP; left; reflexivity).
    assert (C : continuity_pt exp (z e)) by (apply derivable_continuous_pt, derivable_pt_exp).
    destruct (C (r / 2 / coefficient P e)) as (a & Ha & Hcont); [apply Rdiv_lt_0_compat; lra|].
    exists (Rmin d (a / 2)). split; [apply Rmin_pos; lra|]. intros x Hx. simpl.
    assert (M1 := Rmin_l d (a / 2)). assert (M2 := Rmin_r d (a / 2)).
    assert (sum_over l (fun e => Rabs (amount P x e - limit_amount P z e)) <= r / 2).
    { apply H. intros f Hf. specialize (Hx f (or_intror Hf)). lra. }
    assert (Rabs (amount P x e - limit_amount P z e) <= r / 2); [|lra].
    specialize (Hx e (or_introl eq_refl)). unfold amount, limit_amount.
    rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_right (coefficient P e)) by lra.
    destruct (Req_dec (form P x e) (z e)) as [->|Hne]; [unfold Rminus; rewrite Rplus_opp_r, Rabs_R0; lra|].
    specialize (Hcont (form P x e)). unfold D_x, no_cond in Hcont. simpl in Hcont. unfold R_dist in Hcont.
    assert (Rabs (exp (form P x e) - exp (z e)) < r / 2 / coefficient P e) by (apply Hcont; split; [split; [exact I|auto]|lra]).
    apply Rle_trans with (coefficient P e * (r / 2 / coefficient P e)); [apply Rmult_le_compat_l; lra|]. right. field. lra.
Qed.

Lemma weighted_amounts : forall P z x (a : nat -> R) M, 0 <= M -> (forall e, In e (counted P) -> Rabs (a e) <= M) ->
  Rabs (sum_over (counted P) (fun e => amount P x e * a e) - sum_over (counted P) (fun e => limit_amount P z e * a e)) <=
  M * sum_over (counted P) (fun e => Rabs (amount P x e - limit_amount P z e)).
Proof.
  intros P z x a M HM Ha. rewrite <- sum_over_minus. apply Rle_trans with (1 := sum_over_abs _ _).
  rewrite <- sum_over_scale. apply sum_over_le. intros e He. specialize (Ha e He).
  replace (amount P x e * a e - limit_amount P z e * a e) with (a e * (amount P x e - limit_amount P z e)) by ring.
  rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|exact Ha].
Qed.

Lemma gain_of_a_variable : forall P E T0 g, positive_costs P -> 0 < E ->
  (forall e v, In e (counted P) -> (v < variables P)%nat -> Rabs (exponent P e v) <= E) -> 0 < T0 -> 0 < g ->
  exists G, 0 < G /\ forall x v, whole P x <= T0 -> (v < variables P)%nat -> g <= Rabs (push P x v) ->
    exists a, G <= whole P x - whole P (moved x v a).
Proof.
  intros P E T0 g HP HE HEe HT Hg.
  destruct (short_step E T0 g HE HT Hg) as (h0 & Hh0 & H1 & Hrest & Hdown).
  exists (h0 * (g / 2)). split; [apply Rmult_lt_0_compat; lra|]. intros x v HTx Hv Hgv.
  destruct (Hdown _ Hgv) as (h & Habs & Hh).
  exists (x v + h).
  assert (Hsum : whole P (moved x v (x v + h)) - whole P x <= h * push P x v + 2 * (h0 * h0) * (E * E) * whole P x).
  { unfold whole, push. rewrite <- sum_over_minus, <- !sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
    assert (Ht : 0 < amount P x e) by (apply amount_positive; assumption). specialize (HEe e v He Hv).
    unfold amount at 1. rewrite form_moved by exact Hv. replace (x v + h - x v) with h by ring. rewrite exp_plus.
    replace (coefficient P e * (exp (form P x e) * exp (exponent P e v * h))) with (amount P x e * exp (exponent P e v * h)) by (unfold amount; ring).
    assert (Hs : Rabs (exponent P e v * h) <= E * h0).
    { rewrite Rabs_mult, Habs. apply Rmult_le_compat_r; lra. }
    apply near_of_abs in Hs. assert (Hb := exp_below (exponent P e v * h) ltac:(lra)).
    assert (Hsq : exponent P e v * h * (exponent P e v * h) <= E * h0 * (E * h0)) by nra.
    assert (exp (exponent P e v * h) - 1 - exponent P e v * h <= 2 * (h0 * h0) * (E * E)) by nra. nra. }
  assert (Hq := Hrest _ HTx). lra.
Qed.

Section Orders.

Variables (P : powers) (best : nat -> R) (eta : R) (order : nat -> nat) (X : nat -> nat -> R).
Hypothesis HP : positive_costs P.
Hypothesis Hbest : steady P best.
Hypothesis Heta : 0 < eta.
Hypothesis Hfair : fair (seq 0 (variables P)) order.
Hypothesis Hkeep : forall t k, k <> order t -> X (S t) k = X t k.
Hypothesis Hgain : forall t a, eta * (whole P (X t) - whole P (moved (X t) (order t) a)) <= whole P (X t) - whole P (X (S t)).

Lemma whole_ext : forall x y, (forall v, x v = y v) -> whole P x = whole P y.
Proof. intros x y H. apply sum_over_ext. intros e _. unfold amount. f_equal. f_equal. apply sum_ext. intros v _. rewrite H. reflexivity. Qed.

Lemma whole_falls : forall t, whole P (X (S t)) <= whole P (X t).
Proof.
  intros t. assert (H := Hgain t (X t (order t))).
  rewrite (whole_ext (moved (X t) (order t) (X t (order t))) (X t)) in H; [lra|].
  intros k. unfold moved. destruct (Nat.eqb_spec k (order t)) as [->|]; reflexivity.
Qed.

Lemma whole_falls_le : forall s t, (s <= t)%nat -> whole P (X t) <= whole P (X s).
Proof. intros s t H. induction H as [|t H IH]; [lra|]. assert (A := whole_falls t). lra. Qed.

Lemma visited : forall t, (order t < variables P)%nat.
Proof. intros t. destruct Hfair as (H & _). specialize (H t). apply in_seq in H. lia. Qed.

Lemma whole_difference : forall x y,
  whole P y - whole P x = sum_over (counted P) (fun e => amount P x e * (exp (form P y e - form P x e) - 1)).
Proof.
  intros x y. unfold whole. rewrite <- sum_over_minus. apply sum_over_ext. intros e _. unfold amount.
  replace (form P y e) with (form P x e + (form P y e - form P x e)) at 1 by ring. rewrite exp_plus. ring.
Qed.

(* Amounts that are a circulation at the variables that move are orthogonal to the move. *)
Lemma orthogonal_move : forall z d,
  (forall v, (v < variables P)%nat -> d v <> 0 -> sum_over (counted P) (fun e => limit_amount P z e * exponent P e v) = 0) ->
  sum_over (counted P) (fun e => limit_amount P z e * form P d e) = 0.
Proof.
  intros z d H. rewrite (flow_against_forms P (limit_amount P z) (fun v => sum_over (counted P) (fun e => limit_amount P z e * exponent P e v)) d).
  - apply sum_zero. intros v Hv. destruct (Req_dec (d v) 0) as [->|Hne]; [ring|]. rewrite (H v Hv Hne). ring.
  - intros v Hv. reflexivity.
Qed.

Lemma least_coefficient : exists c, 0 < c /\ forall e, In e (counted P) -> c <= coefficient P e.
Proof.
  unfold positive_costs in HP. clear - HP. induction (counted P) as [|e l IH]; [exists 1; split; [lra|intros e []]|].
  destruct IH as (c & Hc & H); [intros; apply HP; right; assumption|]. assert (He : 0 < coefficient P e) by (apply HP; left; reflexivity).
  exists (Rmin c (coefficient P e)). split; [apply Rmin_pos; assumption|]. intros f [<-|Hf]; [apply Rmin_r|].
  apply Rle_trans with (1 := Rmin_l _ _). auto.
Qed.

Lemma product_fraction_suffices : forall r, 0 < r -> exists N, forall t, (N <= t)%nat -> whole P (X t) <= whole P best + r.
Proof.
  intros r Hr.
  destruct (forms_bounded P (amount P best) (whole P (X O)) HP (fun e He => amount_positive P best e HP He) Hbest) as (K0 & HK0).
  pose (K := Rabs K0 + 1). assert (HK : 0 < K) by (unfold K; assert (T := Rabs_pos K0); lra).
  assert (HformK : forall t e, In e (counted P) -> - K <= form P (X t) e <= K).
  { intros t e He. assert (A := HK0 e (X t) He (whole_falls_le O t ltac:(lia))). assert (T := Rle_abs K0). unfold K. lra. }
  destruct (extract_all (counted P) (fun t e => form P (X t) e) K) as (z & phi & Hphi & Hz); [intros; apply HformK; assumption|].
  assert (Hnear : forall d, 0 < d -> exists N, forall k, (N <= k)%nat -> near_forms P z (X (phi k)) d).
  { intros d Hd. unfold near_forms.
    assert (A : forall l, incl l (counted P) -> exists N, forall k, (N <= k)%nat -> forall e, In e l -> Rabs (form P (X (phi k)) e - z e) <= d).
    { induction l as [|e l IH]; intros Hl; [exists O; intros k _ e []|].
      destruct (IH ltac:(intros f Hf; apply Hl; right; exact Hf)) as (N & HN).
      destruct (Hz e d (Hl e (or_introl eq_refl)) Hd) as (M & HM). exists (max N M). intros k Hk f [<-|Hf]; [apply HM; lia|apply (HN k ltac:(lia)); assumption]. }
    apply A. apply incl_refl. }
  pose (E := 1 + sum_over (counted P) (fun e => sum (variables P) (fun v => Rabs (exponent P e v)))).
  assert (HEe : forall e v, In e (counted P) -> (v < variables P)%nat -> Rabs (exponent P e v) <= E).
  { intros e v He Hv. unfold E.
    assert (A := sum_term_le (variables P) (fun v => Rabs (exponent P e v)) v (fun i _ => Rabs_pos _) Hv). simpl in A.
    assert (B := sum_over_member (counted P) (fun e => sum (variables P) (fun v => Rabs (exponent P e v))) e
      (fun f _ => sum_nonneg (variables P) (fun v => Rabs (exponent P f v)) (fun i _ => Rabs_pos _)) He). simpl in B. lra. }
  assert (HE : 1 <= E).
  { unfold E. assert (0 <= sum_over (counted P) (fun e => sum (variables P) (fun v => Rabs (exponent P e v)))); [|lra].
    apply sum_over_nonneg. intros e _. apply sum_nonneg. intros; apply Rabs_pos. }
  pose (pz := fun v => sum_over (counted P) (fun e => limit_amount P z e * exponent P e v)).
  assert (Hall : forall v, (v < variables P)%nat -> pz v = 0).
  { apply NNPP. intros Hno.
    assert (exists j, (j < variables P)%nat /\ pz j <> 0) as (j & Hj & Hjne).
    { apply NNPP. intros H. apply Hno. intros v Hv. apply NNPP. intros Hne. apply H. exists v. auto. }
    destruct (finite_gap (seq 0 (variables P)) pz) as (g & Hg & Hgap).
    assert (HW0 : 0 <= whole P (X O)) by (apply whole_nonneg; exact HP).
    destruct (gain_of_a_variable P E (whole P (X O) + 1) (g / 2) HP ltac:(lra) HEe ltac:(lra) ltac:(lra)) as (G & HG & Hgains).
    destruct (drops_vanish (fun t => whole P (X t))) with (r := eta * G) as (N & HN).
    { intros t. apply whole_nonneg. exact HP. } { exact whole_falls. } { apply Rmult_lt_0_compat; assumption. }
    destruct (close_amounts P z HP (g / (4 * E))) as (d & Hd & Hclose); [apply Rdiv_lt_0_compat; lra|].
    destruct least_coefficient as (c & Hc & Hleast).
    pose (rho := Rmin 1 (d / 2)). assert (Hrho : 0 < rho) by (unfold rho; apply Rmin_pos; lra).
    assert (Hrho1 : rho <= 1) by apply Rmin_l. assert (Hrhod : rho <= d / 2) by apply Rmin_r.
    pose (kappa := c * exp (- K)). assert (Hkappa : 0 < kappa) by (apply Rmult_lt_0_compat; [exact Hc|apply exp_pos]).
    destruct (close_amounts P z HP (kappa * (rho * rho / 4) / (2 * K))) as (d2 & Hd2 & Hclose2).
    { apply Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [exact Hkappa|]. nra. }
    destruct (Hnear (Rmin (d / 2) d2)) as (M & HM); [apply Rmin_pos; lra|].
    pose (k := max N M). specialize (HM k ltac:(lia)).
    assert (Hn1 : near_forms P z (X (phi k)) (d / 2)) by (intros e He; apply Rle_trans with (1 := HM e He); apply Rmin_l).
    assert (Hn2 : near_forms P z (X (phi k)) d2) by (intros e He; apply Rle_trans with (1 := HM e He); apply Rmin_r).
    destruct (first_time (fun t => pz (order t) <> 0) (phi k)) as (tau & Htau & Hvisit & Hbefore).
    { destruct (proj2 Hfair j ltac:(apply in_seq; lia) (phi k)) as (t & Ht & Et). exists t. split; [exact Ht|]. rewrite Et. exact Hjne. }
    pose (D := difference (X tau) (X (phi k))).
    assert (Hsame : forall v, pz v <> 0 -> D v = 0).
    { intros v Hne. unfold D, difference. enough (X tau v = X (phi k) v) by lra.
      clear - Hkeep Htau Hbefore Hne. induction Htau as [|t Ht IH]; [reflexivity|].
      rewrite Hkeep; [apply IH; intros s Hs; apply Hbefore; lia|]. intros ->. apply (Hbefore t); [lia|exact Hne]. }
    assert (Horth : sum_over (counted P) (fun e => limit_amount P z e * form P D e) = 0).
    { apply orthogonal_move. intros v Hv Hne. apply NNPP. intros Hp. apply Hne. apply Hsame. exact Hp. }
    assert (HDK : forall e, In e (counted P) -> Rabs (form P D e) <= 2 * K).
    { intros e He. unfold D. rewrite form_difference. apply Rabs_le.
      assert (A := HformK tau e He). assert (B := HformK (phi k) e He). lra. }
    assert (Hbreg : sum_over (counted P) (fun e => amount P (X (phi k)) e * (exp (form P D e) - 1 - form P D e)) <= kappa * (rho * rho / 4)).
    { assert (A := whole_falls_le (phi k) tau Htau). assert (B := whole_difference (X (phi k)) (X tau)).
      rewrite (sum_over_ext _ _ (fun e => amount P (X (phi k)) e * (exp (form P D e) - 1))) in B
        by (intros e _; unfold D; rewrite form_difference; reflexivity).
      rewrite (sum_over_ext _ _ (fun e => amount P (X (phi k)) e * (exp (form P D e) - 1) - amount P (X (phi k)) e * form P D e)) by (intros; ring).
      rewrite sum_over_minus.
      assert (C : Rabs (sum_over (counted P) (fun e => amount P (X (phi k)) e * form P D e)) <= kappa * (rho * rho / 4)); [|apply near_of_abs in C; lra].
      replace (sum_over (counted P) (fun e => amount P (X (phi k)) e * form P D e))
        with (sum_over (counted P) (fun e => amount P (X (phi k)) e * form P D e) - sum_over (counted P) (fun e => limit_amount P z e * form P D e)) by (rewrite Horth; ring).
      apply Rle_trans with (1 := weighted_amounts P z (X (phi k)) (form P D) (2 * K) ltac:(lra) HDK).
      specialize (Hclose2 _ Hn2). apply (Rmult_le_compat_l (2 * K)) in Hclose2; [|lra].
      replace (2 * K * (kappa * (rho * rho / 4) / (2 * K))) with (kappa * (rho * rho / 4)) in Hclose2 by (field; lra). exact Hclose2. }
    assert (Hexp : forall s, 0 <= exp s - 1 - s).
    { intros s. destruct (Req_dec s 0) as [->|Hne]; [rewrite exp_0; lra|]. assert (T := exp_ineq1 s Hne). lra. }
    assert (Hmoved : near_forms P z (X tau) d).
    { intros e He. assert (Hold := Hn1 e He).
      assert (Hsmall : Rabs (form P D e) <= rho).
      { apply exp_gap; [lra|].
        assert (Hle : amount P (X (phi k)) e * (exp (form P D e) - 1 - form P D e) <= kappa * (rho * rho / 4)).
        { apply Rle_trans with (2 := Hbreg).
          apply (sum_over_member (counted P) (fun e => amount P (X (phi k)) e * (exp (form P D e) - 1 - form P D e))); [|exact He].
          intros f Hf. apply Rmult_le_pos; [left; apply amount_positive; assumption|apply Hexp]. }
        assert (Hkap : kappa <= amount P (X (phi k)) e).
        { unfold kappa, amount. apply Rmult_le_compat; [lra|left; apply exp_pos|apply Hleast; assumption|].
          apply exp_le. apply (HformK (phi k) e He). }
        assert (Hb0 := Hexp (form P D e)). apply (Rmult_le_reg_l kappa); [exact Hkappa|]. nra. }
      unfold D in Hsmall. rewrite form_difference in Hsmall. apply near_of_abs in Hsmall. apply near_of_abs in Hold. apply Rabs_le. lra. }
    assert (Hv := visited tau).
    assert (Hex : g / 2 <= Rabs (push P (X tau) (order tau))).
    { specialize (Hclose _ Hmoved). specialize (Hgap (order tau) ltac:(apply in_seq; lia) Hvisit).
      assert (W : Rabs (push P (X tau) (order tau) - pz (order tau)) <=
        E * sum_over (counted P) (fun e => Rabs (amount P (X tau) e - limit_amount P z e)))
        by exact (weighted_amounts P z (X tau) (fun e => exponent P e (order tau)) E ltac:(lra) (fun e He => HEe e (order tau) He Hv)).
      assert (Hs : E * sum_over (counted P) (fun e => Rabs (amount P (X tau) e - limit_amount P z e)) <= g / 4).
      { apply (Rmult_le_compat_l E) in Hclose; [|lra]. replace (E * (g / (4 * E))) with (g / 4) in Hclose by (field; lra). exact Hclose. }
      assert (W' : Rabs (push P (X tau) (order tau) - pz (order tau)) <= g / 4) by lra.
      apply near_of_abs in W'. revert Hgap. unfold Rabs. destruct (Rcase_abs (pz (order tau))), (Rcase_abs (push P (X tau) (order tau))); lra. }
    destruct (Hgains (X tau) (order tau)) as (a & Ha); [|exact Hv|exact Hex|].
    { assert (A := whole_falls_le O tau ltac:(lia)). lra. }
    assert (A := Hgain tau a). assert (B := HN tau ltac:(assert (C := increasing_ge phi Hphi k); lia)). simpl in B.
    apply (Rmult_le_compat_l eta) in Ha; [|lra]. lra. }
  (* the limit costs no more than the minimum *)
  pose (Tz := sum_over (counted P) (limit_amount P z)).
  assert (Hpos : forall e, In e (counted P) -> 0 < limit_amount P z e).
  { intros e He. apply Rmult_lt_0_compat; [apply HP; exact He|apply exp_pos]. }
  assert (HTz : Tz <= whole P best).
  { apply Rnot_lt_le. intros Hlt.
    pose (W := 1 + Tz). assert (HW : 0 < W).
    { unfold W, Tz. assert (0 <= sum_over (counted P) (limit_amount P z)); [|lra]. apply sum_over_nonneg. intros e He. left. auto. }
    destruct (Hnear ((Tz - whole P best) / (2 * W))) as (N & HN); [apply Rdiv_lt_0_compat; lra|]. specialize (HN N ltac:(lia)).
    assert (Horth : sum_over (counted P) (fun e => limit_amount P z e * form P (difference best (X (phi N))) e) = 0).
    { apply orthogonal_move. intros v Hv _. apply Hall. exact Hv. }
    assert (Hsum : Tz + sum_over (counted P) (fun e => limit_amount P z e * form P (difference best (X (phi N))) e) - (Tz - whole P best) / (2 * W) * Tz <= whole P best).
    { unfold Tz at 1 3. rewrite <- sum_over_scale, <- sum_over_plus, <- sum_over_minus. apply sum_over_le. intros e He.
      specialize (HN e He). apply near_of_abs in HN. rewrite form_difference. assert (Hw := Hpos e He).
      unfold amount. replace (form P best e) with (z e + (form P best e - z e)) at 2 by ring. rewrite exp_plus.
      replace (coefficient P e * (exp (z e) * exp (form P best e - z e))) with (limit_amount P z e * exp (form P best e - z e)) by (unfold limit_amount; ring).
      assert (T : 1 + (form P best e - z e) <= exp (form P best e - z e)).
      { destruct (Req_dec (form P best e - z e) 0) as [->|Hne]; [rewrite exp_0; lra|]. left. apply exp_ineq1. exact Hne. }
      nra. }
    rewrite Horth in Hsum.
    assert ((Tz - whole P best) / (2 * W) * Tz <= (Tz - whole P best) / 2); [|lra].
    replace ((Tz - whole P best) / 2) with ((Tz - whole P best) / (2 * W) * W) by (field; lra).
    apply Rmult_le_compat_l; [left; apply Rdiv_lt_0_compat; lra|unfold W; lra]. }
  destruct (close_amounts P z HP r Hr) as (d & Hd & Hclose).
  destruct (Hnear d Hd) as (N & HN). exists (phi N). intros t Ht. apply Rle_trans with (1 := whole_falls_le _ _ Ht).
  specialize (Hclose _ (HN N ltac:(lia))).
  assert (A : Rabs (whole P (X (phi N)) - Tz) <= r).
  { unfold whole, Tz. rewrite <- sum_over_minus. apply Rle_trans with (1 := sum_over_abs _ _). exact Hclose. }
  apply near_of_abs in A. lra.
Qed.

Lemma product_forms_converge : forall e, In e (counted P) -> forall r, 0 < r ->
  exists N, forall t, (N <= t)%nat -> Rabs (form P (X t) e - form P best e) <= r.
Proof.
  intros e He r Hr. pose (rho := Rmin 1 r). assert (Hrho : 0 < rho) by (unfold rho; apply Rmin_pos; lra).
  assert (Hrho1 : rho <= 1) by apply Rmin_l. assert (Hrhor : rho <= r) by apply Rmin_r.
  assert (Ha : 0 < amount P best e) by (apply amount_positive; assumption).
  destruct (product_fraction_suffices (amount P best e * (rho * rho / 4))) as (N & HN); [apply Rmult_lt_0_compat; [exact Ha|nra]|].
  exists N. intros t Ht. specialize (HN t Ht). pose (D := difference (X t) best).
  assert (Hpair : sum_over (counted P) (fun e => amount P best e * form P D e) = 0) by (apply circulation_against_forms; exact Hbest).
  assert (B := whole_difference best (X t)).
  rewrite (sum_over_ext _ _ (fun e => amount P best e * (exp (form P D e) - 1 - form P D e) + amount P best e * form P D e)) in B
    by (intros f _; unfold D; rewrite form_difference; ring).
  rewrite sum_over_plus, Hpair in B.
  assert (Hpositive : forall f, In f (counted P) -> 0 <= amount P best f * (exp (form P D f) - 1 - form P D f)).
  { intros f Hf. apply Rmult_le_pos; [left; apply amount_positive; assumption|].
    destruct (Req_dec (form P D f) 0) as [->|Hne]; [rewrite exp_0; lra|]. assert (T := exp_ineq1 (form P D f) Hne). lra. }
  assert (C := sum_over_member (counted P) (fun f => amount P best f * (exp (form P D f) - 1 - form P D f)) e Hpositive He). simpl in C.
  assert (Rabs (form P D e) <= rho); [|unfold D in *; rewrite form_difference in *; lra].
  apply exp_gap; [lra|]. apply (Rmult_le_reg_l (amount P best e)); [exact Ha|]. lra.
Qed.

End Orders.
