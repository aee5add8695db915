(* Let a unit's activations have the range X, and its outgoing weights the largest magnitude M. Dividing the activations by s > 0 and
   multiplying those weights by s makes X/s = s M for s = sqrt(X/M) alone, which makes the larger of both least. With the range as one more
   incoming weight, and none of larger magnitude, the multiplier Λ that balances L_p has (M/X) n^(-1/p) <= Λ² <= (M/X) m^(1/p) for n
   incoming and m outgoing weights, so that it tends to 1/s as p grows.

   p is any positive real number. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums power_costs.
Open Scope R_scope.

Theorem smooth_quant :
  forall X M s, 0 < X -> 0 < M -> 0 < s ->
    (X / s = s * M <-> s = sqrt (X / M)) /\
    sqrt (X * M) <= Rmax (X / s) (s * M) /\
    (Rmax (X / s) (s * M) = sqrt (X * M) <-> s = sqrt (X / M)).
Proof.
  intros X M s HX HM Hs.
  assert (Hr : 0 < sqrt (X / M)) by (apply sqrt_lt_R0; apply Rdiv_lt_0_compat; assumption).
  assert (Hrr : sqrt (X / M) * sqrt (X / M) = X / M).
  { apply sqrt_sqrt. left. apply Rdiv_lt_0_compat; assumption. }
  assert (HXM : sqrt (X * M) = sqrt (X / M) * M).
  { apply sqrt_lem_1; [nra|nra|]. replace (sqrt (X / M) * M * (sqrt (X / M) * M)) with (sqrt (X / M) * sqrt (X / M) * (M * M)) by ring.
    rewrite Hrr. field. lra. }
  assert (HX2 : X = sqrt (X / M) * sqrt (X / M) * M) by (rewrite Hrr; field; lra).
  set (r := sqrt (X / M)) in *. clearbody r.
  assert (HXs : X / s = r * M * (r / s)) by (rewrite HX2; field; lra).
  assert (Hpos : 0 < r * M) by (apply Rmult_lt_0_compat; assumption).
  assert (Hlow : s < r -> r * M < X / s).
  { intros H. rewrite HXs. assert (1 < r / s).
    { apply (Rmult_lt_reg_r s); [exact Hs|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    nra. }
  assert (Hhigh : r < s -> r * M < s * M) by (intros H; apply Rmult_lt_compat_r; assumption).
  assert (Heq : s = r -> X / s = r * M) by (intros ->; rewrite HXs; field; lra).
  rewrite HXM. repeat split.
  - intros H. destruct (Rtotal_order s r) as [H1|[H1|H1]]; [|exact H1|].
    + specialize (Hlow H1). assert (s * M < r * M) by (apply Rmult_lt_compat_r; assumption). lra.
    + specialize (Hhigh H1). assert (r / s < 1).
      { apply (Rmult_lt_reg_r s); [exact Hs|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      assert (X / s < r * M) by (rewrite HXs; nra). lra.
  - intros H. rewrite (Heq H), H. reflexivity.
  - destruct (Rtotal_order s r) as [H1|[H1|H1]].
    + apply Rle_trans with (X / s); [left; auto|apply Rmax_l].
    + apply Rle_trans with (X / s); [right; symmetry; auto|apply Rmax_l].
    + apply Rle_trans with (s * M); [left; auto|apply Rmax_r].
  - intros H. destruct (Rtotal_order s r) as [H1|[H1|H1]]; [|exact H1|].
    + specialize (Hlow H1). assert (Hm := Rmax_l (X / s) (s * M)). lra.
    + specialize (Hhigh H1). assert (Hm := Rmax_r (X / s) (s * M)). lra.
  - intros H. rewrite (Heq H), H. apply Rmax_left. right. reflexivity.
Qed.

(* The largest magnitude among n weights. *)
Definition is_largest (n : nat) (w : nat -> R) (X : R) : Prop :=
  (forall j, (j < n)%nat -> Rabs (w j) <= X) /\ exists j, (j < n)%nat /\ Rabs (w j) = X.

Lemma sum_constant : forall n c, sum n (fun _ => c) = INR n * c.
Proof.
  induction n as [|n IH]; intros c; [simpl; ring|]. rewrite S_INR. simpl. rewrite IH. ring.
Qed.

Lemma largest_below : forall p n w X, 0 < X -> is_largest n w X -> Rpower X p <= total_cost p n w.
Proof.
  intros p n w X HX [_ [j [Hj Hw]]].
  assert (H : cost p (w j) = Rpower X p).
  { unfold cost. destruct (Req_EM_T (w j) 0) as [H0|_]; [rewrite H0, Rabs_R0 in Hw; lra|rewrite Hw; reflexivity]. }
  rewrite <- H. unfold total_cost.
  apply (sum_term_le n (fun i => cost p (w i)) j); [intros; apply cost_nonneg|exact Hj].
Qed.

Lemma largest_above : forall p n w X, 0 < p -> 0 < X -> is_largest n w X -> total_cost p n w <= INR n * Rpower X p.
Proof.
  intros p n w X Hp HX [Hall _]. rewrite <- sum_constant. apply sum_le. intros j Hj.
  unfold cost. destruct (Req_EM_T (w j) 0) as [_|H0]; [left; apply Rpower_pos|].
  apply Rle_Rpower_l; [lra|]. split; [apply Rabs_pos_lt; exact H0|apply Hall; exact Hj].
Qed.

Lemma largest_inhabited : forall n w X, is_largest n w X -> 1 <= INR n.
Proof.
  intros n w X [_ [j [Hj _]]]. replace 1 with (INR 1) by reflexivity. apply le_INR. lia.
Qed.

Lemma root_of_power : forall x k p, 0 < p -> 0 < x -> 0 < k -> Rpower (k * Rpower x p) (/ p) = Rpower k (/ p) * x.
Proof.
  intros x k p Hp Hx Hk.
  rewrite <- Rpower_mult_distr; [|exact Hk|apply Rpower_pos].
  rewrite Rpower_mult. replace (p * / p) with 1 by (field; lra). rewrite Rpower_1 by exact Hx. reflexivity.
Qed.

(* The square of the multiplier that balances L_p lies between M/X, less the p-th root of n, and M/X times that of m. *)
Theorem balanced_multiplier_enclosed :
  forall p n w m v X M, 0 < p -> 0 < X -> 0 < M -> is_largest n w X -> is_largest m v M ->
    let best := Rpower (total_cost p m v / total_cost p n w) (/ (2 * p)) in
    M / X / Rpower (INR n) (/ p) <= best * best <= M / X * Rpower (INR m) (/ p).
Proof.
  intros p n w m v X M Hp HX HM Hw Hv best.
  assert (HA1 := largest_below p n w X HX Hw). assert (HA2 := largest_above p n w X Hp HX Hw).
  assert (HB1 := largest_below p m v M HM Hv). assert (HB2 := largest_above p m v M Hp HM Hv).
  assert (Hn := largest_inhabited n w X Hw). assert (Hm := largest_inhabited m v M Hv).
  assert (HXp := Rpower_pos X p). assert (HMp := Rpower_pos M p).
  set (A := total_cost p n w) in *. set (B := total_cost p m v) in *.
  assert (Hr : 0 < M / X) by (apply Rdiv_lt_0_compat; assumption).
  assert (HMX : Rpower M p = Rpower (M / X) p * Rpower X p).
  { rewrite Rpower_mult_distr by assumption. f_equal. field. lra. }
  assert (Hrp := Rpower_pos (M / X) p).
  assert (Hsquare : best * best = Rpower (B / A) (/ p)).
  { unfold best. rewrite <- Rpower_plus. f_equal. field. lra. }
  assert (HA : 0 < A) by lra. assert (HB : 0 < B) by lra.
  assert (HiA : 0 < / A) by (apply Rinv_0_lt_compat; exact HA).
  rewrite Hsquare. split.
  - replace (M / X / Rpower (INR n) (/ p)) with (Rpower (/ INR n) (/ p) * (M / X)).
    + rewrite <- root_of_power; [|exact Hp|exact Hr|apply Rinv_0_lt_compat; lra].
      apply Rle_Rpower_l; [left; apply Rinv_0_lt_compat; exact Hp|]. split.
      * apply Rmult_lt_0_compat; [apply Rinv_0_lt_compat; lra|exact Hrp].
      * apply (Rmult_le_reg_r (A * INR n)); [apply Rmult_lt_0_compat; lra|].
        replace (/ INR n * Rpower (M / X) p * (A * INR n)) with (Rpower (M / X) p * A) by (field; lra).
        replace (B / A * (A * INR n)) with (B * INR n) by (field; lra).
        apply Rle_trans with (Rpower (M / X) p * (INR n * Rpower X p)).
        -- apply Rmult_le_compat_l; lra.
        -- replace (Rpower (M / X) p * (INR n * Rpower X p)) with (Rpower M p * INR n) by (rewrite HMX; ring).
           apply Rmult_le_compat_r; lra.
    + rewrite Rpower_inverse by lra. rewrite Rpower_Ropp. unfold Rdiv. ring.
  - rewrite Rmult_comm. rewrite <- root_of_power; [|exact Hp|exact Hr|lra].
    apply Rle_Rpower_l; [left; apply Rinv_0_lt_compat; exact Hp|]. split.
    + apply Rdiv_lt_0_compat; assumption.
    + apply (Rmult_le_reg_r A); [exact HA|]. replace (B / A * A) with B by (field; lra).
      apply Rle_trans with (INR m * Rpower M p); [exact HB2|].
      rewrite HMX. replace (INR m * Rpower (M / X) p * A) with (INR m * Rpower (M / X) p * A) by ring.
      rewrite <- Rmult_assoc. apply Rmult_le_compat_l; [|exact HA1].
      apply Rmult_le_pos; lra.
Qed.

Lemma root_small : forall k e p, 1 <= k -> 0 < e -> 0 < p -> k / ln (1 + e) <= p -> Rpower k (/ p) <= 1 + e.
Proof.
  intros k e p Hk He Hp H.
  assert (Hl : 0 < ln (1 + e)) by (rewrite <- ln_1; apply ln_increasing; lra).
  rewrite <- (exp_ln (1 + e)) by lra. unfold Rpower.
  assert (Hlk : ln k < k).
  { apply exp_lt_inv. rewrite exp_ln by lra. assert (Hx := exp_ineq1 k). lra. }
  assert (Hkp : k <= p * ln (1 + e)).
  { apply (Rmult_le_compat_r (ln (1 + e))) in H; [|lra]. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l in H by lra. lra. }
  assert (Hle : / p * ln k <= ln (1 + e)).
  { apply (Rmult_le_reg_l p); [exact Hp|]. rewrite <- Rmult_assoc, Rinv_r by lra. lra. }
  destruct Hle as [Hlt|Heq]; [left; apply exp_increasing; exact Hlt|right; rewrite Heq; reflexivity].
Qed.

(* So it tends to M/X: within any factor of it for all p from some on. *)
Theorem balanced_multiplier_tends :
  forall n w m v X M, 0 < X -> 0 < M -> is_largest n w X -> is_largest m v M ->
    forall e, 0 < e -> exists first, 0 < first /\ forall p, first <= p ->
      let best := Rpower (total_cost p m v / total_cost p n w) (/ (2 * p)) in
      M / X / (1 + e) <= best * best <= M / X * (1 + e).
Proof.
  intros n w m v X M HX HM Hw Hv e He.
  assert (Hn := largest_inhabited n w X Hw). assert (Hm := largest_inhabited m v M Hv).
  assert (Hl : 0 < ln (1 + e)) by (rewrite <- ln_1; apply ln_increasing; lra).
  assert (Hil : 0 < / ln (1 + e)) by (apply Rinv_0_lt_compat; exact Hl).
  exists ((INR n + INR m) / ln (1 + e)). split; [apply Rdiv_lt_0_compat; lra|].
  intros p Hfirst best.
  assert (Hp : 0 < p) by (apply Rlt_le_trans with (2 := Hfirst); apply Rdiv_lt_0_compat; lra).
  assert (Hr : 0 < M / X) by (apply Rdiv_lt_0_compat; assumption).
  assert (Hrn : Rpower (INR n) (/ p) <= 1 + e).
  { apply root_small; try assumption. apply Rle_trans with (2 := Hfirst). unfold Rdiv. apply Rmult_le_compat_r; lra. }
  assert (Hrm : Rpower (INR m) (/ p) <= 1 + e).
  { apply root_small; try assumption. apply Rle_trans with (2 := Hfirst). unfold Rdiv. apply Rmult_le_compat_r; lra. }
  destruct (balanced_multiplier_enclosed p n w m v X M Hp HX HM Hw Hv) as [H1 H2]. fold best in H1, H2.
  assert (Hpos := Rpower_pos (INR n) (/ p)).
  split.
  - apply Rle_trans with (2 := H1). unfold Rdiv. apply Rmult_le_compat_l; [left; exact Hr|].
    apply Rinv_le_contravar; assumption.
  - apply Rle_trans with (1 := H2). apply Rmult_le_compat_l; [left; exact Hr|exact Hrm].
Qed.
