(* Where every term is on a circulation, the minimum is attained; otherwise a direction raises no cost and lowers one, and the infimum is the
   minimum of the terms that are on some circulation. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import finite_sums balancing_problem linear_limits energy energy_minima.
Import ListNotations.
Open Scope R_scope.

(** The infimum *)

Definition infimum (P : powers) (low : R) : Prop :=
  (forall x, low <= whole P x) /\ forall a, 0 < a -> exists x, whole P x <= low + a.

Lemma whole_nonneg : forall P x, positive_costs P -> 0 <= whole P x.
Proof. intros P x HP. apply sum_over_nonneg. intros e He. left. apply amount_positive; assumption. Qed.

Lemma infimum_exists : forall P, positive_costs P -> exists low, infimum P low.
Proof.
  intros P HP. destruct (completeness (fun t => exists x, t = - whole P x)) as (m & Hub & Hleast).
  - exists 0. intros t (x & ->). assert (H := whole_nonneg P x HP). lra.
  - exists (- whole P (fun _ => 0)), (fun _ => 0). reflexivity.
  - exists (- m). split.
    + intros x. assert (- whole P x <= m); [|lra]. apply Hub. exists x. reflexivity.
    + intros a Ha. apply NNPP. intros Hno. assert (m <= m - a); [|lra]. apply Hleast. intros t (x & ->).
      destruct (Rle_or_lt (- whole P x) (m - a)); [assumption|]. exfalso. apply Hno. exists x. lra.
Qed.

(** Attainment *)

Lemma log_bounded_above : forall P e, positive_costs P -> In e (counted P) -> forall K x,
  amount P x e <= K -> form P x e <= K / coefficient P e - 1.
Proof.
  intros P e HP He K x H. assert (Hc := HP e He). unfold amount in H.
  assert (H1 := exp_ineq1_le (form P x e)).
  assert (coefficient P e * (1 + form P x e) <= K) by nra.
  assert (1 + form P x e <= K / coefficient P e); [|lra].
  apply Rmult_le_reg_l with (coefficient P e); [exact Hc|].
  replace (coefficient P e * (K / coefficient P e)) with K by (field; lra). assumption.
Qed.

Lemma bound_for_all : forall (l : list nat) (b : nat -> R), exists K, 0 <= K /\ forall e, In e l -> b e <= K.
Proof.
  induction l as [|d l IH]; intros b.
  - exists 0. split; [lra|intros e []].
  - destruct (IH b) as (K & HK & H). exists (Rmax K (b d)). split; [apply Rle_trans with K; [exact HK|apply Rmax_l]|].
    intros e [<-|He]; [apply Rmax_r|]. apply Rle_trans with K; [auto|apply Rmax_l].
Qed.

(* All forms are bounded where the regularizer is: above by the terms, below by the circulation. *)
Lemma forms_bounded : forall P y level,
  positive_costs P -> (forall e, In e (counted P) -> 0 < y e) -> circulates P y ->
  exists K, forall e x, In e (counted P) -> whole P x <= level -> - K <= form P x e <= K.
Proof.
  intros P y level HP Hy Hc.
  destruct (bound_for_all (counted P) (fun e => level / coefficient P e - 1)) as (U & HU & Hup).
  assert (forall e x, In e (counted P) -> whole P x <= level -> form P x e <= U) as Hupper.
  { intros e x He Hx. apply Rle_trans with (2 := Hup e He). apply log_bounded_above; try assumption.
    apply Rle_trans with (2 := Hx). apply (sum_over_member (counted P) (amount P x)); [|exact He].
    intros d Hd. left. apply amount_positive; assumption. }
  set (Y := sum_over (counted P) y).
  assert (0 <= Y) by (apply sum_over_nonneg; intros e He; left; auto).
  destruct (bound_for_all (counted P) (fun e => U * Y / y e)) as (K & HK & Hdown).
  exists (Rmax U K). intros e x He Hx. assert (M1 := Rmax_l U K). assert (M2 := Rmax_r U K).
  split; [|specialize (Hupper e x He Hx); lra].
  assert (y e * (U - form P x e) <= U * Y) as Hone.
  { replace (U * Y) with (sum_over (counted P) (fun d => y d * (U - form P x d))).
    - apply (sum_over_member (counted P) (fun d => y d * (U - form P x d)) e); [|exact He].
      intros d Hd. apply Rmult_le_pos; [left; auto|]. specialize (Hupper d x Hd Hx). lra.
    - rewrite (sum_over_ext _ _ (fun d => U * y d - y d * form P x d)) by (intros; ring).
      rewrite sum_over_minus, sum_over_scale, circulation_against_forms by exact Hc. unfold Y. ring. }
  assert (Hye := Hy e He). specialize (Hdown e He).
  assert (U - form P x e <= U * Y / y e); [|lra].
  apply Rmult_le_reg_l with (y e); [exact Hye|]. replace (y e * (U * Y / y e)) with (U * Y) by (field; lra). exact Hone.
Qed.

Lemma squeezed : forall p k, 0 <= k -> (forall a, 0 < a <= 1 -> p <= a * k) -> p <= 0.
Proof.
  intros p k Hk H. destruct (Rle_or_lt p 0) as [|Hp]; [assumption|]. exfalso.
  pose (a := Rmin 1 (p / (2 * (k + 1)))). assert (A1 := Rmin_l 1 (p / (2 * (k + 1)))).
  assert (A2 := Rmin_r 1 (p / (2 * (k + 1)))). fold a in A1, A2.
  assert (0 < p / (2 * (k + 1))) by (apply Rdiv_lt_0_compat; lra).
  assert (0 < a) by (apply Rmin_pos; lra). specialize (H a ltac:(lra)).
  assert (p / (2 * (k + 1)) * (2 * (k + 1)) = p) as E by (field; lra). nra.
Qed.

Definition length_of (l : list nat) : R := sum_over l (fun _ => 1).

Lemma length_nonneg : forall l, 0 <= length_of l.
Proof. intros. apply sum_over_nonneg. intros. lra. Qed.

(* The values that forms take at points are a closed set. *)
Lemma limit_of_forms : forall P limit,
  NoDup (counted P) ->
  (forall a, 0 < a -> exists x, forall e, In e (counted P) -> Rabs (form P x e - limit e) <= a) ->
  exists x, forall e, In e (counted P) -> form P x e = limit e.
Proof.
  intros P limit Hnd Hl.
  destruct (solution_or_absurdity (counted P) Hnd (variables P) (exponent P) limit) as [(x & Hx)|(z & Hz & Hg)];
    [exists x; exact Hx|]. exfalso.
  assert (forall x, weighted (counted P) z (fun e => form P x e) = 0) as Hzero.
  { intros x. apply (circulation_against_forms P z x). intros v Hv. apply Hz. exact Hv. }
  pose (Z := sum_over (counted P) (fun e => Rabs (z e))).
  assert (0 <= Z) as HZ by (apply sum_over_nonneg; intros; apply Rabs_pos).
  pose (q := Rabs (weighted (counted P) z limit)). assert (0 < q) as Hq by (apply Rabs_pos_lt; exact Hg).
  pose (a := q / (2 * (Z + 1))). assert (a * (2 * (Z + 1)) = q) as Ea by (unfold a; field; lra).
  assert (0 < a) as Ha by (apply Rdiv_lt_0_compat; lra).
  destruct (Hl a Ha) as (x & H2). specialize (Hzero x).
  assert (q <= a * Z); [|nra].
  unfold q. replace (weighted (counted P) z limit)
    with (sum_over (counted P) (fun e => z e * (limit e - form P x e))).
  - apply Rle_trans with (sum_over (counted P) (fun e => Rabs (z e * (limit e - form P x e)))); [apply abs_of_sum|].
    unfold Z. rewrite <- sum_over_scale. apply sum_over_le. intros e He. rewrite Rabs_mult, Rmult_comm.
    apply Rmult_le_compat_r; [apply Rabs_pos|]. rewrite Rabs_minus_sym. apply H2. exact He.
  - unfold weighted in *. rewrite <- (Rminus_0_r (sum_over (counted P) (fun e => z e * limit e))), <- Hzero, <- sum_over_minus.
    apply sum_over_ext. intros. ring.
Qed.

Lemma bounded_forms_attain : forall P low K,
  positive_costs P -> NoDup (counted P) -> infimum P low ->
  (forall e x, In e (counted P) -> whole P x <= low + 1 -> - K <= form P x e <= K) -> exists x, lowest P x.
Proof.
  intros P low K HP Hnd [Hlow Hnear] HK.
  destruct (limits (nat -> R) (counted P) (fun e x => form P x e) K (fun a x => whole P x <= low + a)) as (limit & Hn & Hl).
  - split; [intros a b x Hab H; lra|exact Hnear].
  - intros e x He Hx. apply HK; assumption.
  - destruct (limit_of_forms P limit Hnd) as (x & Hx).
    { intros a Ha. destruct (Hl a Ha) as (x & _ & Hx). exists x. exact Hx. }
    exists x. intros x'. apply Rle_trans with (2 := Hlow x').
    destruct (Rle_or_lt (whole P x) low) as [|Hgt]; [assumption|]. exfalso.
    assert (Hw := whole_nonneg P x HP).
    pose (a := (whole P x - low) / (2 * (whole P x + 1))).
    assert (a * (2 * (whole P x + 1)) = whole P x - low) as Ea by (unfold a; field; lra).
    assert (0 < a) as Ha by (apply Rdiv_lt_0_compat; lra).
    destruct (Hl a Ha) as (x1 & H1 & H2).
    assert (whole P x * (1 - a) <= whole P x1); [|nra].
    unfold whole. rewrite Rmult_comm, <- sum_over_scale. apply sum_over_le. intros e He.
    rewrite (amount_moved P x x1). assert (0 < amount P x e) by (apply amount_positive; assumption).
    rewrite Rmult_comm. apply Rmult_le_compat_l; [lra|].
    apply Rle_trans with (1 + form P (difference x1 x) e); [|apply exp_ineq1_le].
    rewrite form_difference, (Hx e He). specialize (H2 e He).
    assert (H3 := Rle_abs (- (form P x1 e - limit e))). rewrite Rabs_Ropp in H3. lra.
Qed.

Lemma circulation_attains : forall P y,
  positive_costs P -> NoDup (counted P) -> (forall e, In e (counted P) -> 0 < y e) -> circulates P y ->
  exists x, lowest P x.
Proof.
  intros P y HP Hnd Hy Hc. destruct (infimum_exists P HP) as (low & Hinf).
  destruct (forms_bounded P y (low + 1) HP Hy Hc) as (K & HK). apply bounded_forms_attain with low K; assumption.
Qed.

(* A direction that raises no cost and lowers one. *)
Definition falls_along (P : powers) (d : nat -> R) : Prop :=
  (forall e, In e (counted P) -> form P d e <= 0) /\ exists e, In e (counted P) /\ form P d e < 0.

Lemma falling_not_attained : forall P d, positive_costs P -> falls_along P d -> ~ exists x, lowest P x.
Proof.
  intros P d HP (Hd & e & He & Hlt) (x & Hx). apply lowest_iff_steady in Hx; [|exact HP].
  assert (H := circulation_against_forms P (amount P x) d Hx).
  assert (sum_over (counted P) (fun e => amount P x e * form P d e) < sum_over (counted P) (fun _ => 0)) as Hneg.
  { apply sum_over_lt with e; [|exact He|].
    - intros k Hk. assert (0 < amount P x k) by (apply amount_positive; assumption). specialize (Hd k Hk). nra.
    - assert (0 < amount P x e) by (apply amount_positive; assumption). nra. }
  rewrite (sum_over_zero _ (fun _ => 0)) in Hneg by reflexivity. lra.
Qed.

(* Far points near the infimum have a limit direction. *)
Lemma not_attained_falls : forall P,
  positive_costs P -> NoDup (counted P) -> (~ exists x, lowest P x) -> exists d, falls_along P d.
Proof.
  intros P HP Hnd Hno. destruct (infimum_exists P HP) as (low & Hinf).
  pose (far := fun x => sum_over (counted P) (fun e => Rabs (form P x e))).
  assert (forall x e, In e (counted P) -> Rabs (form P x e) <= far x) as Hfar.
  { intros x e He. apply (sum_over_member (counted P) (fun e => Rabs (form P x e))); [|exact He]. intros. apply Rabs_pos. }
  assert (forall a, 0 < a -> exists x, whole P x <= low + 1 /\ 0 < far x /\ / a <= far x) as Hex.
  { intros a Ha. apply NNPP. intros Hn. apply Hno. apply bounded_forms_attain with low (/ a); try assumption.
    intros e x He Hx. assert (0 < / a) by (apply Rinv_0_lt_compat; exact Ha).
    assert (far x < / a).
    { destruct (Rlt_or_le (far x) (/ a)) as [|Hge]; [assumption|]. exfalso. apply Hn. exists x. lra. }
    specialize (Hfar x e He). assert (H1 := Rle_abs (form P x e)). assert (H2 := Rle_abs (- form P x e)).
    rewrite Rabs_Ropp in H2. lra. }
  destruct (limits (nat -> R) (counted P) (fun e x => form P x e / far x) 1
    (fun a x => whole P x <= low + 1 /\ 0 < far x /\ / far x <= a)) as (limit & _ & Hl).
  - split; [intros a b x Hab H; lra|]. intros a Ha. destruct (Hex a Ha) as (x & H1 & H2 & H3). exists x.
    split; [exact H1|]. split; [exact H2|]. rewrite <- (Rinv_inv a).
    apply Rinv_le_contravar; [apply Rinv_0_lt_compat; exact Ha|exact H3].
  - intros e x He (_ & Hp & _). specialize (Hfar x e He). assert (H1 := Rle_abs (form P x e)). assert (H2 := Rle_abs (- form P x e)).
    rewrite Rabs_Ropp in H2. split; apply Rmult_le_reg_r with (far x); try exact Hp; unfold Rdiv; rewrite ?Rmult_assoc, ?Rinv_l by lra; lra.
  - assert (forall a, 0 < a -> exists x, 0 < far x /\ / far x <= a /\ whole P x <= low + 1 /\
      forall e, In e (counted P) -> Rabs (form P x e / far x - limit e) <= a) as Hl'.
    { intros a Ha. destruct (Hl a Ha) as (x & (H1 & H2 & H3) & H4). exists x. auto. }
    destruct (limit_of_forms P limit Hnd) as (d & Hd).
    { intros a Ha. destruct (Hl' a Ha) as (x & Hp & _ & _ & Hx). exists (fun v => x v / far x). intros e He.
      replace (form P (fun v => x v / far x) e) with (form P x e / far x); [apply Hx; exact He|].
      unfold form, Rdiv. rewrite Rmult_comm, <- sum_scale. apply sum_ext. intros. ring. }
    destruct (bound_for_all (counted P) (fun e => (low + 1) / coefficient P e - 1)) as (U & HU & Hup).
    assert (forall e, In e (counted P) -> limit e <= 0) as Hle.
    { intros e He. apply squeezed with (U + 1); [lra|]. intros a Ha.
      destruct (Hl' a (proj1 Ha)) as (x & Hp & Hinv & Hx & Hc). specialize (Hc e He).
      assert (form P x e <= U).
      { apply Rle_trans with (2 := Hup e He). apply log_bounded_above; try assumption. apply Rle_trans with (2 := Hx).
        apply (sum_over_member (counted P) (amount P x)); [|exact He]. intros k Hk. left. apply amount_positive; assumption. }
      assert (0 < / far x) by (apply Rinv_0_lt_compat; exact Hp).
      assert (form P x e / far x <= U * a).
      { unfold Rdiv. apply Rle_trans with (U * / far x); [apply Rmult_le_compat_r; lra|apply Rmult_le_compat_l; lra]. }
      assert (Ha' := Rle_abs (- (form P x e / far x - limit e))). rewrite Rabs_Ropp in Ha'. lra. }
    exists d. split; [intros e He; rewrite (Hd e He); auto|]. apply NNPP. intros Hn.
    assert (forall e, In e (counted P) -> limit e = 0) as Hz.
    { intros e He. destruct (Hle e He) as [Hlt|]; [|assumption]. exfalso. apply Hn. exists e. rewrite (Hd e He). auto. }
    assert (1 <= 0); [|lra].
    assert (1 - 0 <= 0); [|lra]. apply squeezed with (length_of (counted P)); [apply length_nonneg|]. intros a Ha.
    destruct (Hl' a (proj1 Ha)) as (x & Hp & _ & _ & Hc).
    replace (1 - 0) with (/ far x * far x) by (rewrite Rinv_l; lra). unfold far at 2, length_of.
    rewrite <- !sum_over_scale. apply sum_over_le. intros e He. specialize (Hc e He). rewrite (Hz e He), Rminus_0_r in Hc.
    unfold Rdiv in Hc. rewrite Rabs_mult, (Rabs_right (/ far x)) in Hc by (apply Rle_ge; left; apply Rinv_0_lt_compat; exact Hp). lra.
Qed.

(* Stiemke: either some circulation is positive on every term and a minimum exists, or some direction raises no cost and lowers one. *)
Lemma attained_or_falls : forall P,
  positive_costs P -> NoDup (counted P) ->
  ((exists x, lowest P x) <-> exists y, (forall e, In e (counted P) -> 0 < y e) /\ circulates P y) /\
  ((~ exists x, lowest P x) <-> exists d, falls_along P d).
Proof.
  intros P HP Hnd. split; split.
  - intros (x & Hx). exists (amount P x). split; [intros e He; apply amount_positive; assumption|].
    apply lowest_iff_steady; assumption.
  - intros (y & Hy & Hc). apply circulation_attains with y; assumption.
  - apply not_attained_falls; assumption.
  - intros (d & Hd). apply falling_not_attained with d; assumption.
Qed.

(** Where it is not attained *)

Lemma amount_sum : forall P x d e, amount P (fun v => x v + d v) e = amount P x e * exp (form P d e).
Proof.
  intros. unfold amount. rewrite Rmult_assoc, <- exp_plus. do 2 f_equal. unfold form.
  rewrite <- sum_plus. apply sum_ext. intros. ring.
Qed.

(* Points near the infimum can be taken so that all costs converge, and the limit is a circulation. *)
Lemma limit_costs : forall P low,
  positive_costs P -> infimum P low ->
  exists W, (forall e, In e (counted P) -> 0 <= W e) /\ circulates P W /\
    forall a, 0 < a -> exists x, whole P x <= low + a /\ forall e, In e (counted P) -> Rabs (amount P x e - W e) <= a.
Proof.
  intros P low HP [Hlow Hnear].
  destruct (limits (nat -> R) (counted P) (fun e x => amount P x e) (low + 1) (fun a x => whole P x <= low + a)) as (W & Hn & Hl).
  - split; [intros a b x Hab H; lra|exact Hnear].
  - intros e x He Hx. assert (0 < amount P x e) by (apply amount_positive; assumption).
    assert (amount P x e <= whole P x); [|lra].
    apply (sum_over_member (counted P) (amount P x)); [|exact He]. intros d Hd. left. apply amount_positive; assumption.
  - exists W.
    assert (forall e x a, In e (counted P) -> Rabs (amount P x e - W e) <= a -> W e - a <= amount P x e <= W e + a) as Habs.
    { intros e x a He H. assert (H1 := Rle_abs (amount P x e - W e)). assert (H2 := Rle_abs (- (amount P x e - W e))).
      rewrite Rabs_Ropp in H2. lra. }
    assert (forall e, In e (counted P) -> 0 <= W e) as Hpos.
    { intros e He. assert (- W e <= 0); [|lra]. apply squeezed with 1; [lra|]. intros a Ha.
      destruct (Hl a (proj1 Ha)) as (x & _ & Hx). specialize (Habs e x a He (Hx e He)).
      assert (0 < amount P x e) by (apply amount_positive; assumption). lra. }
    split; [exact Hpos|]. split; [|exact Hl].
    (* The problem with the limit costs is lowest where it stands. *)
    pose (heavy := fun e => if Rlt_dec 0 (W e) then true else false).
    pose (L := Powers (variables P) (filter heavy (counted P)) W (exponent P)).
    assert (positive_costs L) as HL.
    { intros e He. apply filter_In in He. destruct He as [_ He]. simpl. unfold heavy in He.
      destruct (Rlt_dec 0 (W e)); [assumption|discriminate]. }
    assert (forall x, whole L x = sum_over (counted P) (fun e => W e * exp (form P x e))) as HwL.
    { intros x. unfold whole, L. simpl. rewrite sum_over_kept. apply sum_over_ext. intros e He. unfold heavy.
      destruct (Rlt_dec 0 (W e)) as [_|Hno]; [reflexivity|]. specialize (Hpos e He). replace (W e) with 0 by lra. ring. }
    assert (lowest L (fun _ => 0)) as Hlowest.
    { intros d. apply Rle_trans with low.
      - rewrite HwL. rewrite (sum_over_ext _ _ W).
        2:{ intros e _. unfold form. rewrite sum_zero by (intros; ring). rewrite exp_0. ring. }
        assert (sum_over (counted P) W - low <= 0); [|lra].
        apply squeezed with (length_of (counted P) + 1); [assert (H := length_nonneg (counted P)); lra|].
        intros a Ha. destruct (Hl a (proj1 Ha)) as (x & Hx & Hc).
        assert (sum_over (counted P) W <= whole P x + a * length_of (counted P)); [|lra].
        unfold whole, length_of. rewrite <- sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
        specialize (Habs e x a He (Hc e He)). lra.
      - rewrite HwL.
        assert (low - sum_over (counted P) (fun e => W e * exp (form P d e)) <= 0); [|lra].
        apply squeezed with (sum_over (counted P) (fun e => exp (form P d e))).
        { apply sum_over_nonneg. intros e _. left. apply exp_pos. }
        intros a Ha. destruct (Hl a (proj1 Ha)) as (x & _ & Hc).
        assert (low <= sum_over (counted P) (fun e => W e * exp (form P d e)) + a * sum_over (counted P) (fun e => exp (form P d e)));
          [|lra].
        apply Rle_trans with (1 := Hlow (fun v => x v + d v)). unfold whole.
        rewrite <- sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He. rewrite amount_sum.
        specialize (Habs e x a He (Hc e He)). assert (0 < exp (form P d e)) by apply exp_pos. nra. }
    apply lowest_iff_steady in Hlowest; [|exact HL]. intros v Hv. rewrite <- (Hlowest v Hv). simpl.
    rewrite sum_over_kept. apply sum_over_ext. intros e He. unfold amount, form. simpl.
    rewrite sum_zero by (intros; ring). rewrite exp_0. unfold heavy.
    destruct (Rlt_dec 0 (W e)) as [_|Hno]; [ring|]. specialize (Hpos e He). replace (W e) with 0 by lra. ring.
Qed.

Definition on_circulation (P : powers) (e : nat) : Prop :=
  exists y, (forall d, In d (counted P) -> 0 <= y d) /\ circulates P y /\ 0 < y e.

Lemma decided : forall (l : list nat) (A : nat -> Prop), exists keep : nat -> bool, forall e, In e l -> (keep e = true <-> A e).
Proof.
  intros l A. induction l as [|d l (keep & H)].
  - exists (fun _ => true). intros e [].
  - destruct (classic (A d)) as [Hd|Hd].
    + exists (fun e => if (e =? d)%nat then true else keep e). intros e He. destruct (Nat.eqb_spec e d) as [->|Hne]; [tauto|].
      apply H. destruct He as [->|He]; [contradiction|exact He].
    + exists (fun e => if (e =? d)%nat then false else keep e). intros e He. destruct (Nat.eqb_spec e d) as [->|Hne].
      * split; [discriminate|tauto].
      * apply H. destruct He as [->|He]; [contradiction|exact He].
Qed.

(* One circulation for all terms that are on some. *)
Lemma common_circulation : forall P l, incl l (counted P) -> (forall e, In e l -> on_circulation P e) ->
  exists y, (forall d, In d (counted P) -> 0 <= y d) /\ circulates P y /\ forall e, In e l -> 0 < y e.
Proof.
  intros P l. induction l as [|d l IH]; intros Hl H.
  - exists (fun _ => 0). split; [intros; lra|]. split; [|intros e []]. intros v _. apply sum_over_zero. intros. ring.
  - destruct IH as (y & Hy & Hc & Hp); [intros e He; apply Hl; right; exact He|intros e He; apply H; right; exact He|].
    destruct (H d (or_introl eq_refl)) as (z & Hz & Hcz & Hzd).
    exists (fun e => y e + z e). split; [|split].
    + intros e He. specialize (Hy e He). specialize (Hz e He). lra.
    + intros v Hv. rewrite (sum_over_ext _ _ (fun e => y e * exponent P e v + z e * exponent P e v)) by (intros; ring).
      rewrite sum_over_plus, (Hc v Hv), (Hcz v Hv). ring.
    + intros e [<-|He].
      * specialize (Hy d (Hl d (or_introl eq_refl))). lra.
      * specialize (Hp e He). specialize (Hz e (Hl e (or_intror He))). lra.
Qed.

Lemma loss_sum : forall P best x,
  steady P best ->
  whole P x - whole P best = sum_over (counted P) (fun e => amount P x e * loss (form P (difference x best) e)).
Proof.
  intros P best x Hs. rewrite (sum_over_ext _ _ (fun d =>
    amount P x d - amount P best d - amount P best d * form P (difference x best) d)).
  - rewrite !sum_over_minus, circulation_against_forms by exact Hs. unfold whole. ring.
  - intros d _. apply loss_of_amounts.
Qed.

(* The terms that are on no circulation vanish; the others have a minimum of their own, which is the infimum. *)
Lemma limit_problem : forall P,
  positive_costs P -> NoDup (counted P) ->
  exists keep best,
    (forall e, In e (counted P) -> (keep e = true <-> on_circulation P e)) /\
    steady (kept_powers P keep) best /\
    infimum P (whole (kept_powers P keep) best) /\
    forall x, whole P x - whole (kept_powers P keep) best =
      sum_over (counted P) (fun e => amount P x e * (if keep e then loss (form P (difference x best) e) else 1)).
Proof.
  intros P HP Hnd. destruct (decided (counted P) (on_circulation P)) as (keep & Hkeep).
  set (C := kept_powers P keep). assert (HC := kept_positive P keep HP). fold C in HC.
  destruct (common_circulation P (filter keep (counted P))) as (y & Hy & Hc & Hpos).
  { intros e He. apply filter_In in He. apply He. }
  { intros e He. apply filter_In in He. apply Hkeep; apply He. }
  assert (forall z, (forall e, In e (counted P) -> 0 <= z e) -> circulates P z -> forall e, In e (counted P) -> keep e = false -> z e = 0)
    as Hoff.
  { intros z Hz Hcz e He Hk. destruct (Hz e He) as [Hp|<-]; [|reflexivity]. exfalso.
    assert (keep e = true) as E by (apply Hkeep; [exact He|]; exists z; auto). congruence. }
  assert (exists best, lowest C best) as (best & Hbest).
  { apply circulation_attains with y; [exact HC|apply NoDup_filter; exact Hnd|exact Hpos|].
    intros v Hv. rewrite <- (Hc v Hv). simpl. rewrite sum_over_kept. apply sum_over_ext. intros e He.
    destruct (keep e) eqn:E; [reflexivity|]. rewrite (Hoff y Hy Hc e He E). ring. }
  exists keep, best. fold C. assert (Hsteady := proj1 (lowest_iff_steady C best HC) Hbest).
  split; [exact Hkeep|]. split; [exact Hsteady|].
  assert (forall x, whole P x = whole C x + sum_over (counted P) (fun e => if keep e then 0 else amount P x e)) as Hsplit.
  { intros x. unfold whole, C. simpl. rewrite sum_over_kept, <- sum_over_plus. apply sum_over_ext. intros e _.
    change (amount (kept_powers P keep) x e) with (amount P x e). destruct (keep e); ring. }
  assert (forall x, whole C x <= whole P x) as Hle.
  { intros x. rewrite Hsplit. assert (0 <= sum_over (counted P) (fun e => if keep e then 0 else amount P x e)); [|lra].
    apply sum_over_nonneg. intros e He. destruct (keep e); [lra|]. left. apply amount_positive; assumption. }
  split.
  - destruct (infimum_exists P HP) as (low & Hinf). destruct (limit_costs P low HP Hinf) as (W & HW & HcW & Hlim).
    assert (low <= whole C best) as Hlow.
    { destruct (bound_for_all (counted P) (fun e => 2 * / W e)) as (K & HK & HKW).
      pose (N := length_of (counted P)). assert (HN := length_nonneg (counted P)). fold N in HN.
      assert (low - whole C best <= 0); [|lra]. apply squeezed with (2 * N); [lra|]. intros a0 Ha0.
      pose (a := Rmin a0 (/ (K + 1))). assert (A1 := Rmin_l a0 (/ (K + 1))). assert (A2 := Rmin_r a0 (/ (K + 1))). fold a in A1, A2.
      assert (0 < / (K + 1)) by (apply Rinv_0_lt_compat; lra). assert (0 < a) as Ha by (apply Rmin_pos; lra).
      destruct (Hlim a Ha) as (x & _ & Hx).
      assert (H1 := kept_gap P keep W x best HP HW HcW (Hoff W HW HcW)). fold C in H1.
      assert (gap P W x <= a * N) as H2.
      { unfold gap, N, length_of. rewrite <- sum_over_scale. apply sum_over_le. intros e He. rewrite Rmult_1_r.
        assert (0 < amount P x e) as Hw by (apply amount_positive; assumption).
        specialize (Hx e He). destruct (HW e He) as [HWe|HWe].
        - assert (a <= W e / 2) as Hhalf.
          { apply Rle_trans with (1 := A2). specialize (HKW e He).
            assert (0 < / W e) by (apply Rinv_0_lt_compat; exact HWe).
            replace (W e / 2) with (/ (2 * / W e)) by (field; lra). apply Rinv_le_contravar; lra. }
          assert (H3 := Rle_abs (- (amount P x e - W e))). rewrite Rabs_Ropp in H3.
          unfold gap_of. apply Rmult_le_reg_r with (amount P x e); [exact Hw|]. unfold Rdiv.
          rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
          replace ((W e - amount P x e) ^ 2) with (Rabs (amount P x e - W e) * Rabs (amount P x e - W e)).
          + apply Rmult_le_compat; try apply Rabs_pos; lra.
          + rewrite <- Rabs_mult, Rabs_right; [ring|]. apply Rle_ge, Rle_0_sqr.
        - rewrite <- HWe in *. rewrite gap_of_zero by exact Hw. assert (H3 := Rle_abs (amount P x e - 0)). lra. }
      assert (sum_over (counted P) (fun e => if keep e then 0 else amount P x e) <= a * N) as H3.
      { unfold N, length_of. rewrite <- sum_over_scale. apply sum_over_le. intros e He. destruct (keep e) eqn:E; [lra|].
        assert (H4 := Hx e He). rewrite (Hoff W HW HcW e He E) in H4. assert (H5 := Rle_abs (amount P x e - 0)). lra. }
      assert (H4 := proj1 Hinf x). rewrite Hsplit in H4. assert (a * N <= a0 * N) by (apply Rmult_le_compat_r; lra). lra. }
    split.
    + intros x. apply Rle_trans with (2 := Hle x). apply Hbest.
    + intros a Ha. destruct (proj2 Hinf a Ha) as (x & Hx). exists x. lra.
  - intros x. rewrite Hsplit. replace (whole C x + _ - whole C best)
      with (whole C x - whole C best + sum_over (counted P) (fun e => if keep e then 0 else amount P x e)) by ring.
    rewrite (loss_sum C best x Hsteady). unfold C. simpl. rewrite sum_over_kept, <- sum_over_plus. apply sum_over_ext.
    intros e _. change (amount (kept_powers P keep) x e) with (amount P x e).
    change (form (kept_powers P keep) (difference x best) e) with (form P (difference x best) e). destruct (keep e); ring.
Qed.
