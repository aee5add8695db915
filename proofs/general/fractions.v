(* Any fair order in which each step gains at least a fixed fraction of what its unit can gain, passing the balanced multiplier or
   not, leads to the minimum, grounded or not: along a subsequence the slopes tend to a point; were a unit not balanced there, its
   next visit would gain a fixed amount again and again. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity box_solution coercive convergence steps subsequences.
Import ListNotations.
Open Scope R_scope.

(** The exponential, from both sides *)

Lemma exp_above : forall h, - 2 <= h -> h * h / 4 <= exp h - 1 - h.
Proof.
  intros h Hh. replace h with (h / 2 + h / 2) at 3 by field. rewrite exp_plus.
  assert (1 + h / 2 <= exp (h / 2)).
  { destruct (Req_dec h 0) as [->|Hne]; [replace (0 / 2) with 0 by field; rewrite exp_0; lra|]. left. apply exp_ineq1. lra. }
  nra.
Qed.

Lemma exp_gap : forall h e, 0 < e <= 1 -> exp h - 1 - h <= e * e / 4 -> Rabs h <= e.
Proof.
  intros h e He H. destruct (Rle_or_lt (- 2) h) as [Hh|Hh].
  - assert (A := exp_above h Hh). apply Rabs_le. split; nra.
  - exfalso. assert (A := exp_pos h). nra.
Qed.

Lemma exp_below : forall h, - (1 / 2) <= h <= 1 / 2 -> exp h - 1 - h <= 2 * (h * h).
Proof.
  intros h Hh. assert (A : 1 - h <= exp (- h)).
  { destruct (Req_dec h 0) as [->|Hne]; [rewrite Ropp_0, exp_0; lra|]. left. assert (T := exp_ineq1 (- h) ltac:(lra)). lra. }
  rewrite exp_Ropp in A. assert (P := exp_pos h).
  assert (B : exp h * (1 - h) <= 1).
  { apply (Rmult_le_compat_l (exp h)) in A; [|lra]. rewrite Rinv_r in A by lra. exact A. }
  assert (exp h <= 2) by nra. nra.
Qed.

(** Sums that are close *)

Lemma sum_over_abs : forall {T} (l : list T) f, Rabs (sum_over l f) <= sum_over l (fun e => Rabs (f e)).
Proof.
  intros T l f. induction l as [|e l IH]; simpl; [rewrite Rabs_R0; lra|].
  apply Rle_trans with (1 := Rabs_triang _ _). lra.
Qed.

(* weights w e that the terms tend to when slopes tend to z *)
Definition limit_term (z : term -> R) (e : term) : R := cost e * exp (z e).
Definition near (l : list term) (z : term -> R) (x : nat -> R) (d : R) : Prop :=
  forall e, In e l -> 0 < cost e -> Rabs (slope x e - z e) <= d.

Lemma near_less : forall l z x d d', near l z x d -> d <= d' -> near l z x d'.
Proof. intros l z x d d' H Hd e He Hc. specialize (H e He Hc). lra. Qed.

Lemma close_terms : forall l z, (forall e, In e l -> 0 <= cost e) -> forall r, 0 < r ->
  exists d, 0 < d /\ forall x, near l z x d -> sum_over l (fun e => Rabs (term_at x e - limit_term z e)) <= r.
Proof.
  intros l z. induction l as [|e l IH]; intros Hc r Hr.
  - exists 1. split; [lra|]. intros. simpl. lra.
  - destruct (IH ltac:(intros; apply Hc; right; assumption) (r / 2) ltac:(lra)) as (d & Hd & H).
    assert (exists d', 0 < d' /\ forall x, (0 < cost e -> Rabs (slope x e - z e) <= d') -> Rabs (term_at x e - limit_term z e) <= r / 2) as (d' & Hd' & H').
    { destruct (Rle_lt_or_eq_dec 0 (cost e) (Hc e (or_introl eq_refl))) as [Hpos|Hzero].
      - assert (C : continuity_pt exp (z e)) by (apply derivable_continuous_pt, derivable_pt_exp).
        destruct (C (r / 2 / cost e)) as (a & Ha & Hcont).
        { apply Rdiv_lt_0_compat; lra. }
        exists (a / 2). split; [lra|]. intros x Hx. specialize (Hx Hpos). unfold term_at, limit_term.
        rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_right (cost e)) by lra.
        destruct (Req_dec (slope x e) (z e)) as [->|Hne]; [unfold Rminus; rewrite Rplus_opp_r, Rabs_R0; lra|].
        specialize (Hcont (slope x e)). unfold D_x, no_cond in Hcont. simpl in Hcont. unfold R_dist in Hcont.
        assert (Rabs (exp (slope x e) - exp (z e)) < r / 2 / cost e) as Hlt.
        { apply Hcont. split; [split; [exact I|auto]|lra]. }
        apply Rle_trans with (cost e * (r / 2 / cost e)); [apply Rmult_le_compat_l; lra|]. right. field. lra.
      - exists 1. split; [lra|]. intros x _. unfold term_at, limit_term. rewrite <- Hzero.
        replace (0 * exp (slope x e) - 0 * exp (z e)) with 0 by ring. rewrite Rabs_R0. lra. }
    exists (Rmin d d'). split; [apply Rmin_pos; assumption|]. intros x Hx. simpl.
    assert (M1 := Rmin_l d d'). assert (M2 := Rmin_r d d').
    assert (sum_over l (fun e => Rabs (term_at x e - limit_term z e)) <= r / 2).
    { apply H. intros f Hf Hpos. specialize (Hx f (or_intror Hf) Hpos). lra. }
    assert (Rabs (term_at x e - limit_term z e) <= r / 2); [|lra].
    apply H'. intros Hpos. specialize (Hx e (or_introl eq_refl) Hpos). lra.
Qed.

Lemma weighted_close : forall l z x (a : term -> R) M, 0 <= M -> (forall e, In e l -> Rabs (a e) <= M) ->
  Rabs (sum_over l (fun e => a e * term_at x e) - sum_over l (fun e => a e * limit_term z e)) <=
  M * sum_over l (fun e => Rabs (term_at x e - limit_term z e)).
Proof.
  intros l z x a M HM Ha. rewrite <- sum_over_minus. apply Rle_trans with (1 := sum_over_abs _ _).
  rewrite <- sum_over_scale. apply sum_over_le. intros e He. specialize (Ha e He).
  rewrite <- Rmult_minus_distr_l, Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|exact Ha].
Qed.

Definition into (i : nat) (e : term) : R := if enters i e then target_exponent e else 0.
Definition out (i : nat) (e : term) : R := if leaves i e then source_exponent e else 0.

Lemma input_weighted : forall P x i, input P x i = sum_over (terms P) (fun e => into i e * term_at x e).
Proof. intros. apply sum_over_ext. intros e _. unfold into. destruct (enters i e); ring. Qed.
Lemma output_weighted : forall P x i, output P x i = sum_over (terms P) (fun e => out i e * term_at x e).
Proof. intros. apply sum_over_ext. intros e _. unfold out. destruct (leaves i e); ring. Qed.

(** How much a unit can gain *)

Definition shift (i : nat) (h : R) (k : nat) : R := if (k =? i)%nat then h else 0.

Lemma slope_shift : forall x i h e, slope (moved x i (x i + h)) e = slope x e + slope (shift i h) e.
Proof.
  intros x i h e. unfold slope, moved, shift. destruct (Nat.eqb_spec (target e) i) as [->|], (Nat.eqb_spec (source e) i) as [->|]; ring.
Qed.

(* A step so short that what is beyond the first order takes at most half of what that gains, in either direction. *)
Lemma short_step : forall E T0 g, 0 < E -> 0 < T0 -> 0 < g ->
  exists h0, 0 < h0 /\ h0 * E <= 1 / 2 /\ (forall T, T <= T0 -> 2 * (h0 * h0) * (E * E) * T <= h0 * (g / 2)) /\
    (forall s, g <= Rabs s -> exists h, Rabs h = h0 /\ h * s <= - (h0 * g)).
Proof.
  intros E T0 g HE HT Hg. pose (h0 := Rmin (/ (2 * E)) (g / (4 * (E * E) * T0))).
  assert (HEE : 0 < E * E) by (apply Rmult_lt_0_compat; lra).
  assert (HET : 0 < 4 * (E * E) * T0) by (apply Rmult_lt_0_compat; lra).
  assert (Hh0 : 0 < h0) by (unfold h0; apply Rmin_pos; [apply Rinv_0_lt_compat; lra|apply Rdiv_lt_0_compat; lra]).
  exists h0. split; [exact Hh0|]. split; [|split].
  - apply Rle_trans with (/ (2 * E) * E); [apply Rmult_le_compat_r; [lra|apply Rmin_l]|]. right. field. lra.
  - assert (H : 2 * (h0 * (E * E) * T0) <= g / 2).
    { apply Rle_trans with (2 * (g / (4 * (E * E) * T0) * (E * E) * T0)); [|right; field; split; lra].
      repeat (apply Rmult_le_compat_r || apply Rmult_le_compat_l); try lra. apply Rmin_r. }
    intros T HTx. apply Rle_trans with (2 * (h0 * h0) * (E * E) * T0).
    + apply Rmult_le_compat_l; [|exact HTx]. repeat apply Rmult_le_pos; lra.
    + replace (2 * (h0 * h0) * (E * E) * T0) with (h0 * (2 * (h0 * (E * E) * T0))) by ring. apply Rmult_le_compat_l; lra.
  - intros s Hs. destruct (Rle_or_lt 0 s).
    + exists (- h0). rewrite Rabs_Ropp, Rabs_right by lra. rewrite Rabs_right in Hs by lra. split; [reflexivity|]. nra.
    + exists h0. rewrite Rabs_right by lra. rewrite Rabs_left in Hs by lra. split; [reflexivity|]. nra.
Qed.

Lemma gain_bound : forall P E T0 g, well_formed P -> 0 < E -> (forall e, In e (terms P) -> target_exponent e + source_exponent e <= E) ->
  0 < T0 -> 0 < g ->
  exists G, 0 < G /\ forall x i, potential P x -> total P x <= T0 -> In i (hidden P) -> g <= Rabs (input P x i - output P x i) ->
    exists v, G <= total P x - total P (moved x i v).
Proof.
  intros P E T0 g Hwf HE HEe HT Hg.
  destruct (short_step E T0 g HE HT Hg) as (h0 & Hh0 & H1 & Hrest & Hdown).
  exists (h0 * (g / 2)). split; [apply Rmult_lt_0_compat; lra|]. intros x i Hx HTx Hi Hgi.
  destruct (Hdown _ Hgi) as (h & Habs & Hh).
  exists (x i + h). unfold total.
  assert (Hd : potential P (shift i h)).
  { intros k Hk. unfold shift. destruct (Nat.eqb_spec k i) as [->|]; [contradiction|reflexivity]. }
  assert (Hpair := pairing P x (shift i h) Hwf Hd).
  assert (Hone : sum_over (hidden P) (fun k => shift i h k * (input P x k - output P x k)) = h * (input P x i - output P x i)).
  { rewrite (sum_over_ext _ _ (fun k => (input P x k - output P x k) * (if (i =? k)%nat then h else 0))).
    - rewrite (sum_over_single (hidden P) (fun k => input P x k - output P x k) i h); [ring|apply Hwf|intros H; contradiction].
    - intros k _. unfold shift. rewrite Nat.eqb_sym. destruct (i =? k)%nat; ring. }
  rewrite Hone in Hpair.
  assert (Hsum : sum_over (terms P) (term_at (moved x i (x i + h))) - sum_over (terms P) (term_at x) <=
    sum_over (terms P) (fun e => term_at x e * slope (shift i h) e) + 2 * (h0 * h0) * (E * E) * sum_over (terms P) (term_at x)).
  { rewrite <- sum_over_minus, <- sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
    destruct (proj2 Hwf e He) as (Hc & Hse & Hte & _). specialize (HEe e He).
    assert (Ht : 0 <= term_at x e) by (apply term_at_nonneg; apply (proj2 Hwf e He)).
    unfold term_at at 1. rewrite slope_shift, exp_plus. fold (term_at x e).
    replace (cost e * (exp (slope x e) * exp (slope (shift i h) e))) with (term_at x e * exp (slope (shift i h) e)) by (unfold term_at; ring).
    assert (Hs : Rabs (slope (shift i h) e) <= E * h0).
    { unfold slope, shift. apply Rle_trans with ((target_exponent e + source_exponent e) * h0); [|apply Rmult_le_compat_r; lra].
      apply Rabs_le. apply eq_sym in Habs. unfold Rabs in Habs. destruct (target e =? i)%nat, (source e =? i)%nat, (Rcase_abs h); split; nra. }
    apply near_of_abs in Hs. assert (Hb := exp_below (slope (shift i h) e) ltac:(lra)).
    assert (Hsq : slope (shift i h) e * slope (shift i h) e <= E * h0 * (E * h0)) by nra.
    assert (exp (slope (shift i h) e) - 1 - slope (shift i h) e <= 2 * (h0 * h0) * (E * E)) by nra. nra. }
  assert (Hq := Hrest _ HTx). unfold total in Hq. rewrite <- Hpair in Hsum. lra.
Qed.

Lemma finite_gap : forall (l : list nat) (f : nat -> R), exists g, 0 < g /\ forall i, In i l -> f i <> 0 -> g <= Rabs (f i).
Proof.
  intros l f. induction l as [|i l (g & Hg & IH)]; [exists 1; split; [lra|intros i []]|].
  destruct (Req_dec (f i) 0) as [Hz|Hnz].
  - exists g. split; [exact Hg|]. intros k [<-|Hk] Hk'; [contradiction|auto].
  - exists (Rmin g (Rabs (f i))). split; [apply Rmin_pos; [exact Hg|apply Rabs_pos_lt; exact Hnz]|].
    intros k [<-|Hk] Hk'; [apply Rmin_r|]. apply Rle_trans with (1 := Rmin_l _ _). auto.
Qed.

Lemma least_cost : forall l : list term, exists c, 0 < c /\ forall e, In e l -> 0 < cost e -> c <= cost e.
Proof.
  intros l. induction l as [|e l (c & Hc & IH)]; [exists 1; split; [lra|intros e []]|].
  destruct (Rlt_dec 0 (cost e)) as [Hpos|Hno].
  - exists (Rmin c (cost e)). split; [apply Rmin_pos; assumption|]. intros f [<-|Hf] Hf'; [apply Rmin_r|].
    apply Rle_trans with (1 := Rmin_l _ _). auto.
  - exists c. split; [exact Hc|]. intros f [<-|Hf] Hf'; [contradiction|auto].
Qed.

Section Fraction.

Variables (P : problem) (best : nat -> R) (eta : R) (order : nat -> nat) (X : nat -> nat -> R).
Hypothesis Hwf : well_formed P.
Hypothesis Hbest : stationary P best.
Hypothesis Heta : 0 < eta.
Hypothesis Hfair : fair (hidden P) order.
Hypothesis Hstart : potential P (X O).
Hypothesis Hkeep : forall t k, k <> order t -> X (S t) k = X t k.
Hypothesis Hgain : forall t v, eta * (total P (X t) - total P (moved (X t) (order t) v)) <= total P (X t) - total P (X (S t)).

Lemma path_potential : forall t, potential P (X t).
Proof.
  induction t as [|t IH]; [exact Hstart|]. intros i Hi. rewrite Hkeep; [auto|]. intros ->. apply Hi. apply Hfair.
Qed.

Lemma down : forall t, total P (X (S t)) <= total P (X t).
Proof.
  intros t. assert (H := Hgain t (X t (order t))).
  rewrite (total_ext P (moved (X t) (order t) (X t (order t))) (X t)) in H; [lra|].
  intros k. unfold moved. destruct (Nat.eqb_spec k (order t)) as [->|]; reflexivity.
Qed.

Lemma down_le : forall s t, (s <= t)%nat -> total P (X t) <= total P (X s).
Proof. intros s t H. induction H as [|t H IH]; [lra|]. assert (A := down t). lra. Qed.

Lemma cost_nonneg : forall e, In e (terms P) -> 0 <= cost e.
Proof. intros e He. apply (proj2 Hwf e He). Qed.

Lemma total_nonneg : forall x, 0 <= total P x.
Proof. intros x. apply sum_over_nonneg. intros e He. apply term_at_nonneg. apply (proj2 Hwf e He). Qed.

Lemma slopes_bounded : exists K, 0 < K /\ forall t e, In e (terms P) -> 0 < cost e -> - K <= slope (X t) e <= K.
Proof.
  assert (Hc : coercive P) by (apply (circulation_coercive P _ Hwf (stationary_circulation P best Hwf Hbest))).
  destruct (slopes_bounded_above P (total P (X O)) Hwf) as (K & HK & Habove).
  destruct (uniform_bound (terms P) (fun e k => 0 < cost e -> forall x, below P (total P (X O)) x -> - k <= slope x e)) as (L & HL & Hbelow).
  - intros e a b H Hab Hpos x Hx. specialize (H Hpos x Hx). lra.
  - intros e He. destruct (Rlt_dec 0 (cost e)) as [Hpos|Hno]; [|exists 0; intros; contradiction].
    destruct (Hc (total P (X O)) e He Hpos) as (k & Hk). exists k. intros _. exact Hk.
  - exists (1 + K + L). split; [lra|]. intros t e He Hpos.
    assert (Hx : below P (total P (X O)) (X t)) by (split; [apply path_potential|apply down_le; lia]).
    specialize (Habove e He (X t) Hx Hpos). specialize (Hbelow e He Hpos (X t) Hx). lra.
Qed.

(* Weights that balance the units of a list are orthogonal to what these units can do. *)
Lemma orthogonal : forall (units : list nat) z d, NoDup units ->
  (forall i, In i units -> sum_over (terms P) (fun e => into i e * limit_term z e) = sum_over (terms P) (fun e => out i e * limit_term z e)) ->
  (forall i, ~ In i units -> d i = 0) ->
  sum_over (terms P) (fun e => limit_term z e * slope d e) = 0.
Proof.
  intros units z d Hn Hbal Hd.
  pose (Q := Problem units (terms P)).
  assert (H := circulation_orthogonal Q (map (fun e => (e, limit_term z e)) (terms P)) d).
  rewrite !sum_over_map in H. simpl in H. apply H; clear H.
  - split; [exact Hn|apply Hwf].
  - split; [rewrite map_map; simpl; apply map_id|]. split.
    + intros e y Hin. apply in_map_iff in Hin. destruct Hin as (f & E & Hf). injection E as <- <-.
      unfold limit_term. split; intros Hc; [apply Rmult_lt_0_compat; [exact Hc|apply exp_pos]|rewrite Hc; ring].
    + intros i Hi. rewrite !sum_over_map. simpl. simpl in Hi. specialize (Hbal i Hi).
      rewrite (sum_over_ext _ _ (fun e => into i e * limit_term z e)), (sum_over_ext _ (fun e => if leaves i e then _ else _) (fun e => out i e * limit_term z e)); [exact Hbal| |];
        intros e _; unfold into, out; [destruct (leaves i e)|destruct (enters i e)]; ring.
  - exact Hd.
Qed.

Lemma total_difference : forall x y,
  total P y - total P x = sum_over (terms P) (fun e => term_at x e * (exp (slope y e - slope x e) - 1)).
Proof.
  intros x y. unfold total. rewrite <- sum_over_minus. apply sum_over_ext. intros e _. unfold term_at.
  replace (slope y e) with (slope x e + (slope y e - slope x e)) at 1 by ring. rewrite exp_plus. ring.
Qed.

Lemma fraction_suffices : forall r, 0 < r -> exists N, forall t, (N <= t)%nat -> total P (X t) <= total P best + r.
Proof.
  intros r Hr.
  destruct slopes_bounded as (K & HK & HslopeK).
  destruct (extract_all (terms P) (fun t e => if Rlt_dec 0 (cost e) then slope (X t) e else 0) K) as (z & phi & Hphi & Hz).
  { intros t e He. destruct (Rlt_dec 0 (cost e)); [apply HslopeK; assumption|lra]. }
  assert (Hnear : forall d, 0 < d -> exists N, forall k, (N <= k)%nat -> near (terms P) z (X (phi k)) d).
  { intros d Hd.
    assert (A : forall l, incl l (terms P) -> exists N, forall k, (N <= k)%nat -> near l z (X (phi k)) d).
    { induction l as [|e l IH]; intros Hl; [exists O; intros k _ e []|].
      destruct (IH ltac:(intros f Hf; apply Hl; right; exact Hf)) as (N & HN).
      destruct (Hz e d (Hl e (or_introl eq_refl)) Hd) as (M & HM). exists (max N M). intros k Hk f [<-|Hf] Hpos.
      - specialize (HM k ltac:(lia)). destruct (Rlt_dec 0 (cost e)); [exact HM|contradiction].
      - apply (HN k ltac:(lia)); assumption. }
    apply A. apply incl_refl. }
  (* exponents *)
  pose (E := 1 + sum_over (terms P) (fun e => target_exponent e + source_exponent e)).
  assert (HEe : forall e, In e (terms P) -> 0 <= target_exponent e + source_exponent e <= E - 1).
  { intros e He. destruct (proj2 Hwf e He) as (_ & Hs & Ht & _). split; [lra|]. unfold E.
    assert (A := sum_over_member (terms P) (fun e => target_exponent e + source_exponent e) e). simpl in A.
    enough (target_exponent e + source_exponent e <= sum_over (terms P) (fun e => target_exponent e + source_exponent e)) by lra.
    apply A; [|exact He]. intros f Hf. destruct (proj2 Hwf f Hf) as (_ & Hs' & Ht' & _). lra. }
  assert (HE : 1 <= E).
  { unfold E. assert (0 <= sum_over (terms P) (fun e => target_exponent e + source_exponent e)); [|lra].
    apply sum_over_nonneg. intros f Hf. destruct (proj2 Hwf f Hf) as (_ & Hs' & Ht' & _). lra. }
  assert (Hinto : forall i e, In e (terms P) -> Rabs (into i e) <= E /\ Rabs (out i e) <= E).
  { intros i e He. destruct (proj2 Hwf e He) as (_ & Hs & Ht & _). specialize (HEe e He). unfold into, out.
    destruct (enters i e), (leaves i e); rewrite ?Rabs_R0; rewrite ?Rabs_right by lra; lra. }
  pose (inz := fun i => sum_over (terms P) (fun e => into i e * limit_term z e)).
  pose (outz := fun i => sum_over (terms P) (fun e => out i e * limit_term z e)).
  (* at the limit every unit is balanced *)
  assert (Hall : forall i, In i (hidden P) -> inz i = outz i).
  { apply NNPP. intros Hno.
    assert (exists j, In j (hidden P) /\ inz j <> outz j) as (j & Hj & Hjne).
    { apply NNPP. intros H. apply Hno. intros i Hi. apply NNPP. intros Hne. apply H. exists i. auto. }
    destruct (finite_gap (hidden P) (fun i => inz i - outz i)) as (g & Hg & Hgap).
    destruct (gain_bound P E (total P (X O) + 1) (g / 2) Hwf) as (G & HG & Hgains); try lra.
    { intros e He. specialize (HEe e He). lra. }
    { assert (A := total_nonneg (X O)). lra. }
    destruct (drops_vanish (fun t => total P (X t))) with (r := eta * G) as (N & HN).
    { intros t. apply total_nonneg. } { exact down. } { apply Rmult_lt_0_compat; assumption. }
    destruct (close_terms (terms P) z cost_nonneg (g / (4 * E))) as (d & Hd & Hclose); [apply Rdiv_lt_0_compat; lra|].
    destruct (least_cost (terms P)) as (c & Hc & Hleast).
    pose (rho := Rmin 1 (d / 2)). assert (Hrho : 0 < rho) by (unfold rho; apply Rmin_pos; lra).
    assert (Hrho1 : rho <= 1) by apply Rmin_l. assert (Hrhod : rho <= d / 2) by apply Rmin_r.
    pose (kappa := c * exp (- K)). assert (Hkappa : 0 < kappa) by (apply Rmult_lt_0_compat; [exact Hc|apply exp_pos]).
    destruct (close_terms (terms P) z cost_nonneg (kappa * (rho * rho / 4) / (2 * K))) as (d2 & Hd2 & Hclose2).
    { apply Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [exact Hkappa|]. nra. }
    destruct (Hnear (Rmin (d / 2) d2)) as (M & HM); [apply Rmin_pos; lra|].
    pose (k := max N M). specialize (HM k ltac:(lia)).
    assert (Hn1 : near (terms P) z (X (phi k)) (d / 2)) by (apply near_less with (1 := HM); apply Rmin_l).
    assert (Hn2 : near (terms P) z (X (phi k)) d2) by (apply near_less with (1 := HM); apply Rmin_r).
    (* the first visit of a unit that is not balanced at the limit *)
    destruct (first_time (fun t => inz (order t) <> outz (order t)) (phi k)) as (tau & Htau & Hvisit & Hbefore).
    { destruct (proj2 Hfair j Hj (phi k)) as (t & Ht & Et). exists t. split; [exact Ht|]. rewrite Et. exact Hjne. }
    pose (units := filter (fun i => if Req_EM_T (inz i) (outz i) then true else false) (hidden P)).
    assert (Hunits : forall i, In i units <-> In i (hidden P) /\ inz i = outz i).
    { intros i. unfold units. rewrite filter_In. destruct (Req_EM_T (inz i) (outz i)); intuition; discriminate. }
    pose (D := minus (X tau) (X (phi k))).
    assert (Hsame : forall i, ~ In i units -> D i = 0).
    { intros i Hi. unfold D, minus. enough (X tau i = X (phi k) i) by lra.
      destruct (in_dec Nat.eq_dec i (hidden P)) as [Hh|Hh]; [|rewrite !(path_potential _ i Hh); reflexivity].
      assert (Hne : inz i <> outz i) by (intros Heq; apply Hi; apply Hunits; auto).
      clear - Hkeep Htau Hbefore Hne. induction Htau as [|t Ht IH]; [reflexivity|].
      rewrite Hkeep; [apply IH; intros s Hs; apply Hbefore; lia|]. intros ->. apply (Hbefore t); [lia|exact Hne]. }
    assert (Horth : sum_over (terms P) (fun e => limit_term z e * slope D e) = 0).
    { apply (orthogonal units); [apply NoDup_filter; apply Hwf| |exact Hsame]. intros i Hi. apply Hunits in Hi. apply Hi. }
    assert (HDK : forall e, In e (terms P) -> 0 < cost e -> Rabs (slope D e) <= 2 * K).
    { intros e He Hpos. unfold D. rewrite slope_minus. apply Rabs_le.
      assert (A := HslopeK tau e He Hpos). assert (B := HslopeK (phi k) e He Hpos). lra. }
    (* slopes have hardly moved *)
    assert (Hbreg : sum_over (terms P) (fun e => term_at (X (phi k)) e * (exp (slope D e) - 1 - slope D e)) <= kappa * (rho * rho / 4)).
    { assert (A := down_le (phi k) tau Htau). assert (B := total_difference (X (phi k)) (X tau)).
      rewrite (sum_over_ext _ _ (fun e => term_at (X (phi k)) e * (exp (slope D e) - 1))) in B
        by (intros e _; unfold D; rewrite slope_minus; reflexivity).
      rewrite (sum_over_ext _ _ (fun e => term_at (X (phi k)) e * (exp (slope D e) - 1) - term_at (X (phi k)) e * slope D e)) by (intros; ring).
      rewrite sum_over_minus.
      assert (C : Rabs (sum_over (terms P) (fun e => term_at (X (phi k)) e * slope D e)) <= kappa * (rho * rho / 4)); [|apply near_of_abs in C; lra].
      replace (sum_over (terms P) (fun e => term_at (X (phi k)) e * slope D e))
        with (sum_over (terms P) (fun e => (term_at (X (phi k)) e - limit_term z e) * slope D e)).
      2: { rewrite (sum_over_ext _ _ (fun e => term_at (X (phi k)) e * slope D e - limit_term z e * slope D e)) by (intros; ring).
           rewrite sum_over_minus, Horth. ring. }
      apply Rle_trans with (1 := sum_over_abs _ _).
      apply Rle_trans with (2 * K * sum_over (terms P) (fun e => Rabs (term_at (X (phi k)) e - limit_term z e))).
      - rewrite <- sum_over_scale. apply sum_over_le. intros e He. rewrite Rabs_mult, Rmult_comm.
        destruct (Rle_lt_or_eq_dec 0 (cost e) (cost_nonneg e He)) as [Hpos|Hzero].
        + apply Rmult_le_compat_r; [apply Rabs_pos|apply HDK; assumption].
        + unfold term_at, limit_term. rewrite <- Hzero. replace (0 * exp (slope (X (phi k)) e) - 0 * exp (z e)) with 0 by ring.
          rewrite Rabs_R0. lra.
      - specialize (Hclose2 _ Hn2). apply (Rmult_le_compat_l (2 * K)) in Hclose2; [|lra].
        replace (2 * K * (kappa * (rho * rho / 4) / (2 * K))) with (kappa * (rho * rho / 4)) in Hclose2 by (field; lra). exact Hclose2. }
    assert (Hmoved : near (terms P) z (X tau) d).
    { intros e He Hpos. assert (Hold := Hn1 e He Hpos).
      assert (Hsmall : Rabs (slope D e) <= rho).
      { apply exp_gap; [lra|].
        assert (Hle : term_at (X (phi k)) e * (exp (slope D e) - 1 - slope D e) <= kappa * (rho * rho / 4)).
        { apply Rle_trans with (2 := Hbreg).
          apply (sum_over_member (terms P) (fun e => term_at (X (phi k)) e * (exp (slope D e) - 1 - slope D e))); [|exact He].
          intros f Hf. apply Rmult_le_pos; [apply term_at_nonneg; apply (proj2 Hwf f Hf)|].
          destruct (Req_dec (slope D f) 0) as [->|Hne]; [rewrite exp_0; lra|]. assert (T := exp_ineq1 (slope D f) Hne). lra. }
        assert (Hkap : kappa <= term_at (X (phi k)) e).
        { unfold kappa, term_at. apply Rmult_le_compat; [lra|left; apply exp_pos|apply Hleast; assumption|].
          apply exp_le. apply (HslopeK (phi k) e He Hpos). }
        assert (Hb0 : 0 <= exp (slope D e) - 1 - slope D e).
        { destruct (Req_dec (slope D e) 0) as [->|Hne]; [rewrite exp_0; lra|]. assert (T := exp_ineq1 (slope D e) Hne). lra. }
        apply (Rmult_le_reg_l kappa); [exact Hkappa|]. nra. }
      unfold D in Hsmall. rewrite slope_minus in Hsmall. apply near_of_abs in Hsmall. apply near_of_abs in Hold. apply Rabs_le. lra. }
    (* so that the unit visited gains a fixed amount *)
    assert (Hh : In (order tau) (hidden P)) by apply Hfair.
    assert (Hex : g / 2 <= Rabs (input P (X tau) (order tau) - output P (X tau) (order tau))).
    { specialize (Hclose _ Hmoved). specialize (Hgap (order tau) Hh ltac:(intros Hz0; apply Hvisit; lra)).
      assert (Wi := weighted_close (terms P) z (X tau) (into (order tau)) E ltac:(lra) (fun e He => proj1 (Hinto (order tau) e He))).
      assert (Wo := weighted_close (terms P) z (X tau) (out (order tau)) E ltac:(lra) (fun e He => proj2 (Hinto (order tau) e He))).
      rewrite <- input_weighted in Wi. rewrite <- output_weighted in Wo. fold (inz (order tau)) in Wi. fold (outz (order tau)) in Wo.
      assert (Hs : E * sum_over (terms P) (fun e => Rabs (term_at (X tau) e - limit_term z e)) <= g / 4).
      { apply (Rmult_le_compat_l E) in Hclose; [|lra]. replace (E * (g / (4 * E))) with (g / 4) in Hclose by (field; lra). exact Hclose. }
      assert (Wi' : Rabs (input P (X tau) (order tau) - inz (order tau)) <= g / 4) by lra.
      assert (Wo' : Rabs (output P (X tau) (order tau) - outz (order tau)) <= g / 4) by lra.
      apply near_of_abs in Wi'. apply near_of_abs in Wo'. simpl in Hgap. revert Hgap. unfold Rabs.
      destruct (Rcase_abs (inz (order tau) - outz (order tau))), (Rcase_abs (input P (X tau) (order tau) - output P (X tau) (order tau))); lra. }
    destruct (Hgains (X tau) (order tau) (path_potential tau)) as (v & Hv); [|exact Hh|exact Hex|].
    { assert (A := down_le O tau ltac:(lia)). lra. }
    assert (A := Hgain tau v). assert (B := HN tau ltac:(assert (C := increasing_ge phi Hphi k); lia)). simpl in B.
    apply (Rmult_le_compat_l eta) in Hv; [|lra]. lra. }
  (* the limit costs no more than the minimum *)
  pose (Tz := sum_over (terms P) (limit_term z)).
  assert (HTz : Tz <= total P best).
  { apply Rnot_lt_le. intros Hlt.
    pose (W := 1 + Tz). assert (HW : 0 < W).
    { unfold W, Tz. assert (0 <= sum_over (terms P) (limit_term z)); [|lra]. apply sum_over_nonneg. intros e He.
      unfold limit_term. apply Rmult_le_pos; [apply cost_nonneg; exact He|left; apply exp_pos]. }
    destruct (Hnear ((Tz - total P best) / (2 * W))) as (N & HN); [apply Rdiv_lt_0_compat; lra|]. specialize (HN N ltac:(lia)).
    assert (Horth : sum_over (terms P) (fun e => limit_term z e * slope (minus best (X (phi N))) e) = 0).
    { apply (orthogonal (hidden P)); [apply Hwf|exact Hall|]. intros i Hi. unfold minus.
      rewrite (proj1 Hbest i Hi), (path_potential _ i Hi). ring. }
    assert (Hsum : Tz + sum_over (terms P) (fun e => limit_term z e * slope (minus best (X (phi N))) e) - (Tz - total P best) / (2 * W) * Tz <= total P best).
    { unfold Tz at 1 3. rewrite <- sum_over_scale, <- sum_over_plus, <- sum_over_minus. apply sum_over_le. intros e He.
      destruct (Rle_lt_or_eq_dec 0 (cost e) (cost_nonneg e He)) as [Hpos|Hzero].
      - specialize (HN e He Hpos). apply near_of_abs in HN. rewrite slope_minus.
        assert (Hw : 0 < limit_term z e) by (unfold limit_term; apply Rmult_lt_0_compat; [exact Hpos|apply exp_pos]).
        unfold term_at. replace (slope best e) with (z e + (slope best e - z e)) at 2 by ring. rewrite exp_plus.
        replace (cost e * (exp (z e) * exp (slope best e - z e))) with (limit_term z e * exp (slope best e - z e)) by (unfold limit_term; ring).
        assert (T : 1 + (slope best e - z e) <= exp (slope best e - z e)).
        { destruct (Req_dec (slope best e - z e) 0) as [->|Hne]; [rewrite exp_0; lra|]. left. apply exp_ineq1. exact Hne. }
        nra.
      - unfold limit_term, term_at. rewrite <- Hzero. lra. }
    rewrite Horth in Hsum.
    assert ((Tz - total P best) / (2 * W) * Tz <= (Tz - total P best) / 2); [|lra].
    replace ((Tz - total P best) / 2) with ((Tz - total P best) / (2 * W) * W) by (field; lra).
    apply Rmult_le_compat_l; [left; apply Rdiv_lt_0_compat; lra|unfold W; lra]. }
  destruct (close_terms (terms P) z cost_nonneg r Hr) as (d & Hd & Hclose).
  destruct (Hnear d Hd) as (N & HN). exists (phi N). intros t Ht. apply Rle_trans with (1 := down_le _ _ Ht).
  specialize (Hclose _ (HN N ltac:(lia))).
  assert (A := weighted_close (terms P) z (X (phi N)) (fun _ => 1) 1 ltac:(lra) (fun e _ => Req_le _ _ Rabs_R1)).
  rewrite (sum_over_ext _ _ (term_at (X (phi N)))), (sum_over_ext _ (fun e => 1 * limit_term z e) (limit_term z)) in A by (intros; ring).
  fold Tz in A. fold (total P (X (phi N))) in A. apply near_of_abs in A.
  assert (Rabs (total P (X (phi N)) - Tz) <= r) as B by (apply Rabs_le; lra). apply near_of_abs in B. lra.
Qed.

End Fraction.

(** The weights converge *)

Lemma weights_converge : forall P best eta order X,
  well_formed P -> stationary P best -> 0 < eta -> fair (hidden P) order -> potential P (X O) ->
  (forall t k, k <> order t -> X (S t) k = X t k) ->
  (forall t v, eta * (total P (X t) - total P (moved (X t) (order t) v)) <= total P (X t) - total P (X (S t))) ->
  forall e, In e (terms P) -> 0 < cost e -> forall r, 0 < r ->
    exists N, forall t, (N <= t)%nat -> Rabs (slope (X t) e - slope best e) <= r.
Proof.
  intros P best eta order X Hwf Hbest Heta Hfair Hstart Hkeep Hgain e He Hpos r Hr.
  pose (rho := Rmin 1 r). assert (Hrho : 0 < rho) by (unfold rho; apply Rmin_pos; lra).
  assert (Hrho1 : rho <= 1) by apply Rmin_l. assert (Hrhor : rho <= r) by apply Rmin_r.
  assert (Hterm : 0 < term_at best e) by (apply term_at_pos; exact Hpos).
  destruct (fraction_suffices P best eta order X Hwf Hbest Heta Hfair Hstart Hkeep Hgain (term_at best e * (rho * rho / 4))) as (N & HN).
  { apply Rmult_lt_0_compat; [exact Hterm|]. nra. }
  exists N. intros t Ht. specialize (HN t Ht).
  pose (D := minus (X t) best).
  assert (HD : potential P D).
  { intros i Hi. unfold D, minus. rewrite (path_potential P order X Hfair Hstart Hkeep t i Hi), (proj1 Hbest i Hi). ring. }
  assert (Hpair := pairing P best D Hwf HD).
  rewrite (sum_over_zero (hidden P)) in Hpair by (intros i Hi; rewrite (proj2 Hbest i Hi); ring).
  assert (B := total_difference P best (X t)).
  rewrite (sum_over_ext _ _ (fun e => term_at best e * (exp (slope D e) - 1 - slope D e) + term_at best e * slope D e)) in B
    by (intros f _; unfold D; rewrite slope_minus; ring).
  rewrite sum_over_plus, <- Hpair in B.
  assert (Hpositive : forall f, In f (terms P) -> 0 <= term_at best f * (exp (slope D f) - 1 - slope D f)).
  { intros f Hf. apply Rmult_le_pos; [apply term_at_nonneg; apply (proj2 Hwf f Hf)|].
    destruct (Req_dec (slope D f) 0) as [->|Hne]; [rewrite exp_0; lra|]. assert (T := exp_ineq1 (slope D f) Hne). lra. }
  assert (C := sum_over_member (terms P) (fun f => term_at best f * (exp (slope D f) - 1 - slope D f)) e Hpositive He). simpl in C.
  assert (Rabs (slope D e) <= rho); [|unfold D in *; rewrite slope_minus in *; lra].
  apply exp_gap; [lra|]. apply (Rmult_le_reg_l (term_at best e)); [exact Hterm|]. lra.
Qed.

(* What a balanced unit could gain is all gone. *)
Lemma balanced_unit_lowest : forall P i x v u,
  well_formed P -> In i (hidden P) -> potential P x ->
  input P (moved x i v) i = output P (moved x i v) i -> total P (moved x i v) <= total P (moved x i u).
Proof.
  intros P i x v u Hwf Hi Hx Hbal.
  assert (forall a, potential P (moved x i a)) as Hm.
  { intros a k Hk. rewrite moved_other; [apply Hx; exact Hk|]. intros ->. contradiction. }
  apply minimum_log; auto. intros k _. destruct (Nat.eq_dec k i) as [->|Hne].
  - rewrite Hbal. lra.
  - rewrite !moved_other by exact Hne. lra.
Qed.

(* Going a fraction of the way gains at least that fraction. *)
Lemma part_of_the_way : forall P i x v th,
  well_formed P -> In i (hidden P) -> potential P x -> 0 <= th <= 1 ->
  th * (total P x - total P (moved x i v)) <= total P x - total P (moved x i (x i + th * (v - x i))).
Proof.
  intros P i x v th Hwf Hi Hx Hth. set (z := moved x i (x i + th * (v - x i))).
  assert (forall a, potential P (moved x i a)) as Hm.
  { intros a k Hk. rewrite moved_other; [apply Hx; exact Hk|]. intros ->. contradiction. }
  assert (forall y c, (forall k, y k - z k = if (i =? k)%nat then c else 0) ->
    sum_over (hidden P) (fun k => (y k - z k) * (input P z k - output P z k)) = c * (input P z i - output P z i)) as Hone.
  { intros y c Hy. rewrite (sum_over_ext _ _ (fun k => (input P z k - output P z k) * (if (i =? k)%nat then c else 0))).
    - rewrite (sum_over_single (hidden P) (fun k => input P z k - output P z k) i c); [ring|apply Hwf|intros H; contradiction].
    - intros k _. rewrite Hy. ring. }
  assert (H1 := total_above_tangent P z x Hwf (Hm _) Hx).
  assert (H2 := total_above_tangent P z (moved x i v) Hwf (Hm _) (Hm _)).
  rewrite (Hone x (- th * (v - x i))) in H1.
  - rewrite (Hone (moved x i v) ((1 - th) * (v - x i))) in H2.
    + set (D := input P z i - output P z i) in *.
      apply (Rmult_le_compat_l (1 - th)) in H1; [|lra]. apply (Rmult_le_compat_l th) in H2; [|lra].
      assert ((1 - th) * (- th * (v - x i) * D) + th * ((1 - th) * (v - x i) * D) = 0) by ring. lra.
    + intros k. unfold z, moved. rewrite (Nat.eqb_sym k i). destruct (i =? k)%nat; ring.
  - intros k. unfold z, moved. rewrite (Nat.eqb_sym k i). destruct (Nat.eqb_spec i k) as [<-|]; ring.
Qed.

(** The multipliers *)

Lemma grounded_converge : forall P (X : nat -> nat -> R) best,
  well_formed P -> (forall t, potential P (X t)) -> potential P best ->
  (forall e, In e (terms P) -> 0 < cost e -> forall r, 0 < r ->
     exists N, forall t, (N <= t)%nat -> Rabs (slope (X t) e - slope best e) <= r) ->
  forall i, grounded P i -> forall r, 0 < r -> exists N, forall t, (N <= t)%nat -> Rabs (X t i - best i) <= r.
Proof.
  intros P X best Hwf Hpot Hbest Hslopes i Hi. induction Hi as [i Hi|i j (e & He & Hc & Hends) _ IH]; intros r Hr.
  - exists O. intros t _. rewrite (Hpot t i Hi), (Hbest i Hi), Rminus_0_r, Rabs_R0. lra.
  - destruct (proj2 Hwf e He) as (_ & Hs & Ht & _).
    set (a := source_exponent e) in *. set (b := target_exponent e) in *.
    assert (Hdiff : forall t, slope (X t) e - slope best e = b * (X t (target e) - best (target e)) - a * (X t (source e) - best (source e))).
    { intros t. unfold slope. fold a b. ring. }
    assert (Hmin : 0 < Rmin a b) by (apply Rmin_pos; assumption).
    assert (Hmax : 0 < Rmax a b) by (apply Rlt_le_trans with (1 := Hs); apply Rmax_l).
    assert (Ma := Rmin_l a b). assert (Mb := Rmin_r a b). assert (Xa := Rmax_l a b). assert (Xb := Rmax_r a b).
    destruct (Hslopes e He Hc (Rmin a b * r / 2)) as (N & HN); [nra|].
    destruct (IH (Rmin a b * r / (2 * Rmax a b))) as (M & HM); [apply Rdiv_lt_0_compat; nra|].
    exists (max N M). intros t Hle. specialize (HN t ltac:(lia)). specialize (HM t ltac:(lia)). rewrite Hdiff in HN.
    apply near_of_abs in HN. apply near_of_abs in HM.
    assert (Hbound : Rmax a b * (Rmin a b * r / (2 * Rmax a b)) = Rmin a b * r / 2) by (field; lra).
    set (q := Rmin a b * r / (2 * Rmax a b)) in *. assert (0 <= q) by lra.
    assert (Hjoin : forall c d x y, a <= Rmax a b -> 0 < c -> 0 < d <= Rmax a b -> Rmin a b <= c ->
      - (Rmin a b * r / 2) <= c * x - d * y <= Rmin a b * r / 2 -> - q <= y <= q -> Rabs x <= r).
    { intros c d x y _ Hpc (Hd & Hdm) Hcm Hxy Hy. assert (d * q <= Rmax a b * q) by (apply Rmult_le_compat_r; lra).
      assert (- (Rmin a b * r / 2) <= d * y <= Rmin a b * r / 2) by nra.
      assert (Rmin a b * r <= c * r) by (apply Rmult_le_compat_r; lra).
      apply Rabs_le. split; apply (Rmult_le_reg_l c); try exact Hpc; nra. }
    destruct Hends as [(E1 & E2)|(E1 & E2)]; rewrite E1, E2 in HN.
    + apply (Hjoin a b (X t i - best i) (X t j - best j)); lra.
    + apply (Hjoin b a (X t i - best i) (X t j - best j)); lra.
Qed.

Lemma moves_vanish : forall P (X : nat -> nat -> R) best order,
  well_formed P -> fair (hidden P) order -> (forall t k, k <> order t -> X (S t) k = X t k) ->
  (forall e, In e (terms P) -> 0 < cost e -> forall r, 0 < r ->
     exists N, forall t, (N <= t)%nat -> Rabs (slope (X t) e - slope best e) <= r) ->
  (forall i, In i (hidden P) -> touched P i) ->
  forall r, 0 < r -> exists N, forall t, (N <= t)%nat -> Rabs (X (S t) (order t) - X t (order t)) <= r.
Proof.
  intros P X best order Hwf Hfair Hkeep Hslopes Htouched r Hr.
  destruct (eventually_all (hidden P) (fun i t => order t = i -> Rabs (X (S t) i - X t i) <= r)) as (N & HN).
  - intros i Hi. destruct (Htouched i Hi) as (e & He & Hc & Hends). destruct (proj2 Hwf e He) as (_ & Hs & Ht & _).
    set (a := source_exponent e) in *. set (b := target_exponent e) in *.
    assert (Hmin : 0 < Rmin a b) by (apply Rmin_pos; assumption).
    assert (Ma := Rmin_l a b). assert (Mb := Rmin_r a b).
    destruct (Hslopes e He Hc (Rmin a b * r / 2)) as (N & HN); [nra|].
    exists N. intros t Hle E. assert (H1 := HN (S t) ltac:(lia)). assert (H2 := HN t Hle).
    apply near_of_abs in H1. apply near_of_abs in H2. unfold slope in H1, H2. fold a b in H1, H2.
    apply Rabs_le. destruct Hends as [Hin|Hout].
    + apply enters_true in Hin. destruct Hin as (E1 & E2). rewrite E1, (Hkeep t (source e)) in H1 by congruence. rewrite E1 in H2.
      assert (- (Rmin a b * r) <= b * (X (S t) i - X t i) <= Rmin a b * r) by nra.
      split; apply (Rmult_le_reg_l b); nra.
    + apply leaves_true in Hout. destruct Hout as (E1 & E2). rewrite E1, (Hkeep t (target e)) in H1 by congruence. rewrite E1 in H2.
      assert (- (Rmin a b * r) <= a * (X (S t) i - X t i) <= Rmin a b * r) by nra.
      split; apply (Rmult_le_reg_l a); nra.
  - exists N. intros t Ht. apply (HN t Ht (order t)); [apply Hfair|reflexivity].
Qed.
