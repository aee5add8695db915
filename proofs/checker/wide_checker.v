(* A checker of enclosures as wide as the kernel's rule: irrational costs and fractional powers, units of any positive degree, joined to the ground
   or not; and its soundness (enclosure_certificate in comparison-principle.v, and existence.v for limits). Costs are enclosed by roots
   rounded down, of 128 bits, then of 1024; where that does not decide, exact rational costs do. It scans all terms for each unit:
   enclosure_checker.v is for large files of rational costs.

   Variables are 0, 1, ..; any larger number stands for a visible unit. Terms of cost 0 are left out. *)

From Coq Require Import Reals ZArith QArith Qreals List Arith Bool Lra Lia.
From Synbal Require enclosure_checker.
From Synbal Require Import finite_sums balancing_problem convexity minima cycles comparison_principle existence energy energy_rounding.
From Synbal Require Import rounded_powers claim_checker claim_checker_sound manifold_checker_sound.
Import ListNotations.
Open Scope Z_scope.

(* The cost coefficient * weight^power, times the multiplier of the target to rising_share / common, over that of the source to falling_share / common. *)
Record wide_term := WideTerm {
  wide_source : nat; wide_target : nat;
  factor_of_cost : Q; weight_magnitude : Q; power_of_size : Q;
  falling_share : Z; rising_share : Z
}.

(* Held variables, each with a scaling of its component that changes no cost; and for each free variable a combination of terms, over `unit_of`, in which
   it alone of all free ones is left. These are hints: what they say is checked. *)
Record wide_claim := WideClaim {
  wide_unknowns : nat;
  common_of : BinNums.positive;
  wide_terms : list wide_term;
  lower_bounds : list Q;
  upper_bounds : list Q;
  held_at_one : list (nat * list Z);
  unit_of : Z;
  leaving_one : list (list Z)
}.

(** What computes *)

Definition is_wide_term (t : wide_term) : bool :=
  if 0 <? Qnum (factor_of_cost t) then
  if 0 <? Qnum (weight_magnitude t) then
  if 0 <? falling_share t then
  if 0 <? rising_share t then negb (wide_source t =? wide_target t)%nat
  else false else false else false else false.

Definition is_held (c : wide_claim) (i : nat) : bool := existsb (fun h => (fst h =? i)%nat) (held_at_one c).
Definition is_free (c : wide_claim) (i : nat) : bool := if (i <? wide_unknowns c)%nat then negb (is_held c i) else false.

Definition numbers_of (c : wide_claim) : list nat := seq 0 (wide_unknowns c).

Definition multiplier_at (point : list Q) (i : nat) (k : Z) : factor :=
  match nth_error point i with Some q => Factor (Qnum q) (Zpos (Qden q)) 0 k | None => Factor 1 1 0 k end.

Definition factors_at (D : BinNums.positive) (point : list Q) (t : wide_term) : list factor :=
  let n := Zpos (Qden (power_of_size t)) in
  [Factor (Qnum (factor_of_cost t)) (Zpos (Qden (factor_of_cost t))) 0 (n * Zpos D);
   Factor (Qnum (weight_magnitude t)) (Zpos (Qden (weight_magnitude t))) 0 (Qnum (power_of_size t) * Zpos D);
   multiplier_at point (wide_target t) (n * rising_share t); multiplier_at point (wide_source t) (n * - falling_share t)].

Definition as_rational (m s : Z) : Q := if 0 <=? s then (Z.shiftl m s # 1)%Q else (m # Z.to_pos (Z.shiftl 1 (- s)))%Q.

(* Both ends of a cost: of so many bits, or exactly. *)
Definition ends_at (bits : option Z) (D : BinNums.positive) (point : list Q) (t : wide_term) : option (Q * Q) :=
  let n := Zpos (Qden (power_of_size t)) * Zpos D in
  match bits with
  | Some bits =>
      match rounded bits n (factors_at D point t) with
      | Some (m, s) => if Z.abs s <? longest then Some (as_rational m s, as_rational (m + 1) s) else None
      | None => None
      end
  | None => match exact n (factors_at D point t) with Some q => Some (q, q) | None => None end
  end.

Definition rises_at (i : nat) (t : wide_term) : Z := if andb (wide_target t =? i)%nat (negb (wide_source t =? i)%nat) then rising_share t else 0.
Definition falls_at (i : nat) (t : wide_term) : Z := if andb (wide_source t =? i)%nat (negb (wide_target t =? i)%nat) then falling_share t else 0.

(* The upper end of one sum and the lower end of another. *)
Fixpoint sums_at (bits : option Z) (D : BinNums.positive) (point : list Q) (one other : wide_term -> Z) (l : list wide_term) : option (Q * Q) :=
  match l with
  | [] => Some (0, 0)%Q
  | t :: rest =>
      match sums_at bits D point one other rest with
      | Some (a, b) =>
          if (one t =? 0) && (other t =? 0) then Some (a, b)
          else match ends_at bits D point t with
            | Some (low, high) => Some (Qred (inject_Z (one t) * high + a), Qred (inject_Z (other t) * low + b))%Q
            | None => None
            end
      | None => None
      end
  end.

Definition is_less (bits : option Z) (D : BinNums.positive) (point : list Q) (one other : wide_term -> Z) (l : list wide_term) : bool :=
  match sums_at bits D point one other l with Some (a, b) => Qle_bool a b | None => false end.

Definition is_less_somehow (D : BinNums.positive) (point : list Q) (one other : wide_term -> Z) (l : list wide_term) : bool :=
  if is_less (Some 128) D point one other l then true
  else if is_less (Some 1024) D point one other l then true else is_less None D point one other l.

Definition tests_pass (c : wide_claim) (i : nat) : bool :=
  if is_free c i then
    if is_less_somehow (common_of c) (lower_bounds c) (rises_at i) (falls_at i) (wide_terms c) then
      is_less_somehow (common_of c) (upper_bounds c) (falls_at i) (rises_at i) (wide_terms c)
    else false
  else true.

Definition bounds_in_order (c : wide_claim) (i : nat) : bool :=
  let low := nth i (lower_bounds c) 1%Q in
  let high := nth i (upper_bounds c) 1%Q in
  if 0 <? Qnum low then
  if Qle_bool low high then
    if is_held c i then (if Qeq_bool low 1 then Qeq_bool high 1 else false) else true
  else false else false.

Definition slope_at (z : list Z) (t : wide_term) : Z := rising_share t * nth (wide_target t) z 0 - falling_share t * nth (wide_source t) z 0.

Definition share_at (u : nat) (t : wide_term) : Z := (if (wide_target t =? u)%nat then rising_share t else 0) - (if (wide_source t =? u)%nat then falling_share t else 0).

Definition scales_component (c : wide_claim) (h : nat * list Z) : bool :=
  if (fst h <? wide_unknowns c)%nat then
  if (length (snd h) =? wide_unknowns c)%nat then
  if forallb (fun t => slope_at (snd h) t =? 0) (wide_terms c) then
  if nth (fst h) (snd h) 0 =? 0 then false
  else forallb (fun u => if (u =? fst h)%nat then true else if nth u (snd h) 0 =? 0 then true else is_free c u) (numbers_of c)
  else false else false else false.

Definition is_determined (c : wide_claim) (i : nat) : bool :=
  if is_free c i then
    let combination := nth i (leaving_one c) [] in
    if (length combination =? length (wide_terms c))%nat then
      forallb (fun u => if is_free c u then dot combination (map (share_at u) (wide_terms c)) =? kronecker (unit_of c) u i else true) (numbers_of c)
    else false
  else true.

Definition accepted_wide (c : wide_claim) : bool :=
  if (length (lower_bounds c) =? wide_unknowns c)%nat then
  if (length (upper_bounds c) =? wide_unknowns c)%nat then
  if forallb is_wide_term (wide_terms c) then
  if forallb (bounds_in_order c) (numbers_of c) then
  if 0 <? unit_of c then
  if forallb (scales_component c) (held_at_one c) then
  if forallb (is_determined c) (numbers_of c) then forallb (tests_pass c) (numbers_of c)
  else false else false else false else false else false else false else false.

Definition without_falling (c : wide_claim) (direction : list Z) : wide_claim :=
  WideClaim (wide_unknowns c) (common_of c) (filter (fun t => slope_at direction t =? 0) (wide_terms c)) (lower_bounds c) (upper_bounds c)
    (held_at_one c) (unit_of c) (leaving_one c).

Definition accepted_wide_in_the_limit (c : wide_claim) (direction : list Z) : bool :=
  if (length direction =? wide_unknowns c)%nat then
  if forallb is_wide_term (wide_terms c) then
  if forallb (fun t => slope_at direction t <=? 0) (wide_terms c) then
  if existsb (fun t => slope_at direction t <? 0) (wide_terms c) then accepted_wide (without_falling c direction)
  else false else false else false else false.

(** What its numbers stand for *)

Local Open Scope R_scope.

Definition wide_cost (t : wide_term) : R := Q2R (factor_of_cost t) * Rpower (Q2R (weight_magnitude t)) (Q2R (power_of_size t)).

Definition wide_real (D : BinNums.positive) (t : wide_term) : term :=
  Term (wide_source t) (wide_target t) (wide_cost t) (IZR (falling_share t) / IZR (Zpos D)) (IZR (rising_share t) / IZR (Zpos D)).

Definition wide_problem (c : wide_claim) : problem := Problem (numbers_of c) (map (wide_real (common_of c)) (wide_terms c)).

Definition wide_enclosed (c : wide_claim) (best : nat -> R) : Prop :=
  balanced (wide_problem c) best /\ minimum (wide_problem c) best /\
  (forall i, (i < wide_unknowns c)%nat -> Q2R (nth i (lower_bounds c) 1%Q) <= best i <= Q2R (nth i (upper_bounds c) 1%Q)) /\
  (forall mu, balanced (wide_problem c) mu -> (forall i, (i < wide_unknowns c)%nat -> is_held c i = true -> mu i = 1) -> forall i, mu i = best i).

Lemma wide_positive : forall t, is_wide_term t = true ->
  0 < Q2R (factor_of_cost t) /\ 0 < Q2R (weight_magnitude t) /\ (0 < falling_share t)%Z /\ (0 < rising_share t)%Z /\ wide_source t <> wide_target t.
Proof.
  intros t H. unfold is_wide_term in H. destruct (Z.ltb_spec 0 (Qnum (factor_of_cost t))); [|discriminate].
  destruct (Z.ltb_spec 0 (Qnum (weight_magnitude t))); [|discriminate]. destruct (Z.ltb_spec 0 (falling_share t)); [|discriminate].
  destruct (Z.ltb_spec 0 (rising_share t)); [|discriminate]. apply negb_true_iff in H. apply Nat.eqb_neq in H.
  repeat split; try assumption; apply positive_rational; assumption.
Qed.

Lemma wide_cost_positive : forall t, is_wide_term t = true -> 0 < wide_cost t.
Proof. intros t H. apply Rmult_lt_0_compat; [apply wide_positive; exact H|apply exp_pos]. Qed.

Lemma wide_well_formed : forall D t, is_wide_term t = true -> well_formed_term (wide_real D t).
Proof.
  intros D t H. destruct (wide_positive t H) as (_ & _ & Hf & Hr & Hne). apply IZR_lt in Hf. apply IZR_lt in Hr.
  assert (0 < IZR (Zpos D)) by (apply IZR_lt; lia). split; [left; apply wide_cost_positive; exact H|].
  split; [apply Rdiv_lt_0_compat; assumption|]. split; [apply Rdiv_lt_0_compat; assumption|]. simpl. intros E. contradiction.
Qed.

Lemma multiplier_real : forall point i k, real_factor (multiplier_at point i k) = real_multipliers point i.
Proof.
  intros point i k. unfold multiplier_at, real_multipliers. destruct (nth_error point i) as [q|] eqn:E.
  - rewrite rational_factor, (nth_error_nth _ _ _ E). reflexivity.
  - apply nth_error_None in E. rewrite nth_overflow by exact E. unfold real_factor, Q2R. cbn [top bottom binary]. rewrite two_zero. simpl. field.
Qed.

Lemma factors_real : forall D point t, is_wide_term t = true -> (forall i, 0 < real_multipliers point i) ->
  real_root (Zpos (Qden (power_of_size t)) * Zpos D) (factors_at D point t) = cost_at (real_multipliers point) (wide_real D t).
Proof.
  intros D point t H Hpos. destruct (wide_positive t H) as (P1 & P2 & _). unfold real_root, factors_at. cbv zeta. cbn [sum_over].
  set (n := Zpos (Qden (power_of_size t))). assert (0 < IZR n) by (apply IZR_lt; unfold n; lia).
  assert (0 < IZR (Zpos D)) by (apply IZR_lt; lia). rewrite !multiplier_real, !rational_factor. cbn [power].
  assert (forall point i k, power (multiplier_at point i k) = k) as Hk.
  { intros p i k. unfold multiplier_at. destruct (nth_error p i); reflexivity. }
  rewrite !Hk, !mult_IZR, opp_IZR, Rplus_0_r, !exp_plus. unfold cost_at, wide_cost, wide_real. cbn [cost source target source_exponent target_exponent].
  replace (IZR n * IZR (Zpos D) / (IZR n * IZR (Zpos D)) * ln (Q2R (factor_of_cost t))) with (ln (Q2R (factor_of_cost t))) by (field; lra).
  replace (IZR (Qnum (power_of_size t)) * IZR (Zpos D) / (IZR n * IZR (Zpos D)) * ln (Q2R (weight_magnitude t))) with (Q2R (power_of_size t) * ln (Q2R (weight_magnitude t)))
    by (unfold Q2R at 1; fold n; field; lra).
  replace (IZR n * IZR (rising_share t) / (IZR n * IZR (Zpos D)) * ln (real_multipliers point (wide_target t)))
    with (IZR (rising_share t) / IZR (Zpos D) * ln (real_multipliers point (wide_target t))) by (field; lra).
  replace (IZR n * - IZR (falling_share t) / (IZR n * IZR (Zpos D)) * ln (real_multipliers point (wide_source t)))
    with (- (IZR (falling_share t) / IZR (Zpos D) * ln (real_multipliers point (wide_source t)))) by (field; lra).
  rewrite exp_Ropp, exp_ln by exact P1. unfold wide_cost, Rpower, Rdiv. ring.
Qed.

Lemma as_rational_real : forall m s, Q2R (as_rational m s) = IZR m * two s.
Proof.
  intros m s. unfold as_rational, Q2R. destruct (Z.leb_spec 0 s) as [Hs|Hs]; cbn [Qnum Qden].
  - rewrite Z.shiftl_mul_pow2, mult_IZR, <- two_of_integer by exact Hs. field.
  - rewrite Z.shiftl_1_l, Z2Pos.id by (apply Z.pow_pos_nonneg; lia). rewrite <- two_of_integer by lia.
    assert (two s * two (- s) = 1) as E by (rewrite <- two_plus, Z.add_opp_diag_r; reflexivity).
    assert (H := two_positive (- s)). f_equal. apply Rmult_eq_reg_r with (two (- s)); [rewrite E; apply Rinv_l|]; lra.
Qed.

Lemma ends_enclose : forall bits D point t low high, is_wide_term t = true -> (forall i, 0 < real_multipliers point i) ->
  match bits with Some b => (1 <= b)%Z | None => True end -> ends_at bits D point t = Some (low, high) ->
  Q2R low <= cost_at (real_multipliers point) (wide_real D t) <= Q2R high.
Proof.
  intros bits D point t low high Ht Hpos Hb H. unfold ends_at in H. cbv zeta in H. rewrite <- (factors_real D point t Ht Hpos).
  destruct bits as [b|].
  - destruct (rounded b _ _) as [[m s]|] eqn:E; [|discriminate]. destruct (_ <? longest)%Z; [|discriminate]. injection H as <- <-.
    apply rounded_is_sound in E; [|exact Hb]. destruct E as (_ & H1 & H2). rewrite !as_rational_real, plus_IZR. lra.
  - destruct (exact _ _) as [q|] eqn:E; [|discriminate]. injection H as <- <-. apply exact_is_sound in E. rewrite E. lra.
Qed.

Lemma sums_enclose : forall bits D point one other l a b,
  forallb is_wide_term l = true -> (forall i, 0 < real_multipliers point i) -> match bits with Some b => (1 <= b)%Z | None => True end ->
  (forall t, In t l -> 0 <= one t /\ 0 <= other t)%Z -> sums_at bits D point one other l = Some (a, b) ->
  sum_over l (fun t => IZR (one t) * cost_at (real_multipliers point) (wide_real D t)) <= Q2R a /\
  Q2R b <= sum_over l (fun t => IZR (other t) * cost_at (real_multipliers point) (wide_real D t)).
Proof.
  intros bits D point one other l. induction l as [|t l IH]; intros a b Hw Hpos Hb Hn H; cbn [sums_at] in H.
  - injection H as <- <-. simpl. unfold Q2R. simpl. lra.
  - simpl in Hw. apply andb_prop in Hw. destruct Hw as [Ht Hl]. destruct (sums_at _ _ _ _ _ l) as [[a' b']|]; [|discriminate].
    destruct (IH a' b' Hl Hpos Hb (fun s Hs => Hn s (or_intror Hs)) eq_refl) as [I1 I2]. cbn [sum_over].
    destruct (Z.eqb_spec (one t) 0) as [E1|_]; [destruct (Z.eqb_spec (other t) 0) as [E2|_]|]; cbn [andb] in H.
    1:{ injection H as <- <-. rewrite E1, E2. lra. }
    all: destruct (ends_at _ _ _ t) as [[low high]|] eqn:E; [|discriminate];
      assert (a = Qred (inject_Z (one t) * high + a') /\ b = Qred (inject_Z (other t) * low + b'))%Q as [-> ->] by (split; congruence);
      apply ends_enclose in E; try assumption; destruct (Hn t (or_introl eq_refl)) as [N1 N2]; apply IZR_le in N1; apply IZR_le in N2;
      rewrite !(Qeq_eqR _ _ (Qred_correct _)), !Q2R_plus, !Q2R_mult;
      assert (forall z, Q2R (inject_Z z) = IZR z) as Hz by (intros z; unfold Q2R, inject_Z; simpl; field); rewrite !Hz;
      split; [apply Rplus_le_compat; [apply Rmult_le_compat_l; lra|exact I1]|apply Rplus_le_compat; [apply Rmult_le_compat_l; lra|exact I2]].
Qed.

Lemma less_is_less : forall D point one other l,
  forallb is_wide_term l = true -> (forall i, 0 < real_multipliers point i) -> (forall t, In t l -> 0 <= one t /\ 0 <= other t)%Z ->
  is_less_somehow D point one other l = true ->
  sum_over l (fun t => IZR (one t) * cost_at (real_multipliers point) (wide_real D t))
  <= sum_over l (fun t => IZR (other t) * cost_at (real_multipliers point) (wide_real D t)).
Proof.
  intros D point one other l Hw Hpos Hn H.
  assert (forall bits, match bits with Some b => (1 <= b)%Z | None => True end -> is_less bits D point one other l = true ->
    sum_over l (fun t => IZR (one t) * cost_at (real_multipliers point) (wide_real D t))
    <= sum_over l (fun t => IZR (other t) * cost_at (real_multipliers point) (wide_real D t))) as Hone.
  { intros bits Hb Hl. unfold is_less in Hl. destruct (sums_at _ _ _ _ _ l) as [[a b]|] eqn:E; [|discriminate].
    apply sums_enclose in E; try assumption. apply Qle_bool_iff in Hl. apply Qle_Rle in Hl. lra. }
  unfold is_less_somehow in H. destruct (is_less (Some 128%Z) _ _ _ _ _) eqn:E1; [apply (Hone (Some 128%Z)); [lia|exact E1]|].
  destruct (is_less (Some 1024%Z) _ _ _ _ _) eqn:E2; [apply (Hone (Some 1024%Z)); [lia|exact E2]|]. apply (Hone None); [exact I|exact H].
Qed.

(** Why it is sound *)

Section Accepted.

Variable c : wide_claim.
Hypothesis Haccepted : accepted_wide c = true.

Let P := wide_problem c.
Let low := real_multipliers (lower_bounds c).
Let high := real_multipliers (upper_bounds c).
Let free := filter (is_free c) (numbers_of c).

Record facts : Prop := {
  as_many_lower : length (lower_bounds c) = wide_unknowns c;
  as_many_upper : length (upper_bounds c) = wide_unknowns c;
  terms_are_positive : forallb is_wide_term (wide_terms c) = true;
  in_order : forall i, (i < wide_unknowns c)%nat -> bounds_in_order c i = true;
  unit_is_positive : (0 < unit_of c)%Z;
  components : forall h, In h (held_at_one c) -> scales_component c h = true;
  all_determined : forall i, (i < wide_unknowns c)%nat -> is_determined c i = true;
  all_tests : forall i, (i < wide_unknowns c)%nat -> tests_pass c i = true
}.

Lemma accepted_facts : facts.
Proof.
  assert (H := Haccepted). unfold accepted_wide in H.
  destruct (Nat.eqb_spec (length (lower_bounds c)) (wide_unknowns c)); [|discriminate].
  destruct (Nat.eqb_spec (length (upper_bounds c)) (wide_unknowns c)); [|discriminate].
  destruct (forallb is_wide_term _) eqn:H1; [|discriminate]. destruct (forallb (bounds_in_order c) _) eqn:H2; [|discriminate].
  destruct (Z.ltb_spec 0 (unit_of c)); [|discriminate]. destruct (forallb (scales_component c) _) eqn:H3; [|discriminate].
  destruct (forallb (is_determined c) _) eqn:H4; [|discriminate]. rewrite forallb_forall in H2, H3, H4, H.
  constructor; auto; intros i Hi; [apply H2|apply H4|apply H]; apply in_seq; lia.
Qed.

Lemma in_free : forall i, In i free <-> is_free c i = true.
Proof.
  intros i. unfold free. rewrite filter_In. split; [tauto|]. intros H. split; [|exact H]. unfold is_free in H.
  destruct (Nat.ltb_spec i (wide_unknowns c)); [apply in_seq; lia|discriminate].
Qed.

Lemma free_or_held : forall i, (i < wide_unknowns c)%nat -> is_free c i = false -> is_held c i = true.
Proof.
  intros i Hi H. unfold is_free in H. apply Nat.ltb_lt in Hi. rewrite Hi in H. apply negb_false_iff in H. exact H.
Qed.

Lemma bounds_real : forall i, 0 < low i /\ low i <= high i /\ (~ In i free -> low i = 1 /\ high i = 1).
Proof.
  intros i. assert (F := accepted_facts). unfold low, high, real_multipliers.
  assert (Q2R 1 = 1) as E1 by (unfold Q2R; simpl; field).
  destruct (Nat.lt_ge_cases i (wide_unknowns c)) as [Hi|Hi].
  - assert (H := in_order F i Hi). unfold bounds_in_order in H. cbv zeta in H.
    destruct (Z.ltb_spec 0 (Qnum (nth i (lower_bounds c) 1%Q))) as [H1|]; [|discriminate].
    destruct (Qle_bool _ _) eqn:H2; [|discriminate]. apply Qle_bool_iff in H2. apply Qle_Rle in H2. apply positive_rational in H1.
    split; [exact H1|]. split; [exact H2|]. intros Hf. destruct (is_free c i) eqn:Ef; [exfalso; apply Hf; apply in_free; exact Ef|].
    rewrite (free_or_held i Hi Ef) in H. destruct (Qeq_bool (nth i (lower_bounds c) 1%Q) 1) eqn:H3; [|discriminate].
    apply Qeq_bool_eq in H3. apply Qeq_bool_eq in H. apply Qeq_eqR in H3. apply Qeq_eqR in H. rewrite E1 in *. auto.
  - rewrite !nth_overflow by (rewrite ?(as_many_lower F), ?(as_many_upper F); exact Hi). rewrite E1. lra.
Qed.

Lemma slope_real : forall z t, slope (fun u => IZR (nth u z 0%Z)) (wide_real (common_of c) t) = / IZR (Zpos (common_of c)) * IZR (slope_at z t).
Proof. intros z t. unfold slope, slope_at. simpl. rewrite minus_IZR, !mult_IZR. unfold Rdiv. ring. Qed.

Lemma determined_here : comparison_principle.determined (Problem free (terms P)).
Proof.
  intros d Hd Hs i. assert (F := accepted_facts). destruct (in_dec Nat.eq_dec i free) as [Hi|Hi]; [|apply Hd; exact Hi].
  assert (is_free c i = true) as Ef by (apply in_free; exact Hi).
  assert (i < wide_unknowns c)%nat as Hlt by (unfold is_free in Ef; destruct (Nat.ltb_spec i (wide_unknowns c)); [assumption|discriminate]).
  assert (H := all_determined F i Hlt). unfold is_determined in H. rewrite Ef in H. cbv zeta in H.
  set (l := nth i (leaving_one c) []) in *. destruct (Nat.eqb_spec (length l) (length (wide_terms c))) as [Hl|]; [|discriminate].
  rewrite forallb_forall in H. pose (none := WideTerm 0 0 1%Q 1%Q 1%Q 0 0). set (m := length (wide_terms c)) in *.
  assert (0 < IZR (Zpos (common_of c))) as HD by (apply IZR_lt; lia).
  (* The combination of all slopes is 0, and leaves only that at i. *)
  assert (forall t, In t (wide_terms c) -> sum (wide_unknowns c) (fun u => IZR (share_at u t) * d u) = 0) as Hterm.
  { intros t Ht. assert (Hst : slope d (wide_real (common_of c) t) = 0).
    { apply Hs; [apply in_map; exact Ht|]. apply wide_cost_positive. assert (Hw := terms_are_positive F). rewrite forallb_forall in Hw. auto. }
    unfold slope in Hst. simpl in Hst.
    rewrite (sum_ext _ _ (fun u => IZR (rising_share t) * (d u * energy_minima.one_at (wide_target t) u) - IZR (falling_share t) * (d u * energy_minima.one_at (wide_source t) u))).
    - rewrite sum_minus, !sum_scale.
      assert (forall k, sum (wide_unknowns c) (fun u => d u * energy_minima.one_at k u) = d k) as Hat.
      { intros k. destruct (Nat.lt_ge_cases k (wide_unknowns c)) as [Hk|Hk]; [apply energy_minima.sum_one_at; exact Hk|].
        rewrite (Hd k); [|simpl; rewrite in_free; unfold is_free; destruct (Nat.ltb_spec k (wide_unknowns c)); [lia|discriminate]].
        apply sum_zero. intros u Hu. unfold energy_minima.one_at. destruct (Nat.eqb_spec u k); [lia|ring]. }
      rewrite !Hat. apply Rmult_eq_reg_l with (/ IZR (Zpos (common_of c))); [|apply Rinv_neq_0_compat; lra].
      rewrite Rmult_0_r, <- Hst. unfold Rdiv. ring.
    - intros u _. unfold share_at, energy_minima.one_at. rewrite minus_IZR, (Nat.eqb_sym u (wide_target t)), (Nat.eqb_sym u (wide_source t)).
      destruct (wide_target t =? u)%nat, (wide_source t =? u)%nat; ring. }
  assert (sum m (fun e => IZR (nth e l 0%Z) * sum (wide_unknowns c) (fun u => IZR (share_at u (nth e (wide_terms c) none)) * d u)) = 0) as Hz.
  { apply sum_zero. intros e He. rewrite Hterm by (apply nth_In; exact He). ring. }
  rewrite (sum_ext _ _ (fun e => sum (wide_unknowns c) (fun u => d u * (IZR (nth e l 0%Z) * IZR (share_at u (nth e (wide_terms c) none)))))) in Hz.
  2:{ intros e _. rewrite <- sum_scale. apply sum_ext. intros. ring. }
  rewrite sum_swap in Hz.
  assert (forall u, is_free c u = true -> (u < wide_unknowns c)%nat ->
    sum m (fun e => IZR (nth e l 0%Z) * IZR (share_at u (nth e (wide_terms c) none))) = IZR (kronecker (unit_of c) u i)) as Hcol.
  { intros u Hu Hu'. specialize (H u ltac:(apply in_seq; lia)). rewrite Hu in H. apply Z.eqb_eq in H. rewrite <- H.
    rewrite (dot_real m) by lia. apply sum_ext. intros e He.
    rewrite (nth_indep (map (share_at u) (wide_terms c)) 0%Z (share_at u none)) by (rewrite map_length; exact He). rewrite map_nth. reflexivity. }
  rewrite (sum_single _ _ i Hlt) in Hz.
  - rewrite sum_scale, (Hcol i Ef Hlt) in Hz. unfold kronecker in Hz. rewrite Nat.eqb_refl in Hz.
    assert (Hu := unit_is_positive F). apply IZR_lt in Hu. apply Rmult_integral in Hz. destruct Hz; [assumption|lra].
  - intros u Hu Hne. rewrite sum_scale. destruct (is_free c u) eqn:Eu.
    + rewrite (Hcol u Eu Hu). unfold kronecker. destruct (Nat.eqb_spec u i); [contradiction|ring].
    + rewrite (Hd u); [ring|]. simpl. rewrite in_free. congruence.
Qed.

Lemma common_here : forall v, In v (hidden P) -> ~ In v free -> common P free v.
Proof.
  intros v Hv Hnf. unfold P, wide_problem, numbers_of in Hv. cbn [hidden] in Hv. apply in_seq in Hv. assert (F := accepted_facts).
  assert (is_held c v = true) as Hh by (apply free_or_held; [lia|]; destruct (is_free c v) eqn:E; [exfalso; apply Hnf; apply in_free; exact E|reflexivity]).
  unfold is_held in Hh. apply existsb_exists in Hh. destruct Hh as (h & Hin & E). apply Nat.eqb_eq in E.
  assert (H := components F h Hin). unfold scales_component in H. rewrite E in H.
  destruct (Nat.ltb_spec v (wide_unknowns c)); [|discriminate]. destruct (Nat.eqb_spec (length (snd h)) (wide_unknowns c)) as [Hl|]; [|discriminate].
  destruct (forallb _ (wide_terms c)) eqn:Hs; [|discriminate]. destruct (Z.eqb_spec (nth v (snd h) 0%Z) 0) as [|Hne]; [discriminate|].
  rewrite forallb_forall in Hs, H. exists (fun u => IZR (nth u (snd h) 0%Z)). split; [|split; [|split]].
  - intros u Hu. rewrite nth_overflow; [reflexivity|]. rewrite Hl. unfold P, wide_problem, numbers_of in Hu. cbn [hidden] in Hu. rewrite in_seq in Hu. lia.
  - intros e He _. simpl in He. apply in_map_iff in He. destruct He as (t & <- & Ht). rewrite slope_real.
    specialize (Hs t Ht). apply Z.eqb_eq in Hs. rewrite Hs. ring.
  - intros E0. apply Hne. apply eq_IZR. exact E0.
  - intros u Hne' Hu. apply in_free. destruct (Nat.lt_ge_cases u (wide_unknowns c)) as [Hlt|Hge].
    + specialize (H u ltac:(apply in_seq; lia)). destruct (Nat.eqb_spec u v); [contradiction|].
      destruct (Z.eqb_spec (nth u (snd h) 0%Z) 0) as [E0|_]; [rewrite E0 in Hu; lra|exact H].
    + rewrite nth_overflow in Hu by lia. lra.
Qed.

Lemma sides_real : forall point i, (forall k, 0 < real_multipliers point k) ->
  input_cost P (real_multipliers point) i
    = / IZR (Zpos (common_of c)) * sum_over (wide_terms c) (fun t => IZR (rises_at i t) * cost_at (real_multipliers point) (wide_real (common_of c) t)) /\
  output_cost P (real_multipliers point) i
    = / IZR (Zpos (common_of c)) * sum_over (wide_terms c) (fun t => IZR (falls_at i t) * cost_at (real_multipliers point) (wide_real (common_of c) t)).
Proof.
  intros point i _. unfold input_cost, output_cost. simpl. rewrite !sum_over_map, <- !sum_over_scale.
  split; apply sum_over_ext; intros t _; unfold enters, leaves, rises_at, falls_at; simpl; destruct (_ && _)%bool; unfold Rdiv; ring.
Qed.

Theorem wide_checker_is_sound : exists best, wide_enclosed c best.
Proof.
  assert (F := accepted_facts). assert (Hw := terms_are_positive F). rewrite forallb_forall in Hw.
  assert (forall i, 0 < low i) as Hlow by (intros i; apply bounds_real).
  assert (forall i, 0 < high i) as Hhigh by (intros i; destruct (bounds_real i) as (H1 & H2 & _); lra).
  assert (forall i t, In t (wide_terms c) -> 0 <= rises_at i t /\ 0 <= falls_at i t)%Z as Hnn.
  { intros i t Ht. destruct (wide_positive t (Hw t Ht)) as (_ & _ & H1 & H2 & _). unfold rises_at, falls_at.
    split; destruct (_ && _)%bool; lia. }
  assert (0 < / IZR (Zpos (common_of c))) as Hc by (apply Rinv_0_lt_compat; apply IZR_lt; lia).
  assert (forall i, In i free -> tests_pass c i = true /\ is_free c i = true) as Ht.
  { intros i Hi. assert (is_free c i = true) as Ef by (apply in_free; exact Hi). split; [|exact Ef]. apply (all_tests F).
    unfold is_free in Ef. destruct (Nat.ltb_spec i (wide_unknowns c)); [assumption|discriminate]. }
  destruct (enclosure_certificate P free low high) as (best & Hb & Hin & Hmin & _ & Huniq).
  - split; [apply seq_NoDup|]. intros e He. simpl in He. apply in_map_iff in He. destruct He as (t & <- & Hin). apply wide_well_formed. auto.
  - apply NoDup_filter. apply seq_NoDup.
  - intros i Hi. apply filter_In in Hi. apply Hi.
  - exact determined_here.
  - exact common_here.
  - split; [exact Hlow|]. intros i Hi. apply bounds_real. exact Hi.
  - split; [exact Hhigh|]. intros i Hi. apply bounds_real. exact Hi.
  - intros i. apply bounds_real.
  - intros i Hi. destruct (Ht i Hi) as [H Ef]. unfold tests_pass in H. rewrite Ef in H. destruct (is_less_somehow _ (lower_bounds c) _ _ _) eqn:E; [|discriminate].
    destruct (sides_real (lower_bounds c) i Hlow) as [E1 E2]. unfold low. rewrite E1, E2. apply Rmult_le_compat_l; [lra|].
    apply less_is_less; [apply (terms_are_positive F)|exact Hlow|apply Hnn|exact E].
  - intros i Hi. destruct (Ht i Hi) as [H Ef]. unfold tests_pass in H. rewrite Ef in H. destruct (is_less_somehow _ (lower_bounds c) _ _ _); [|discriminate].
    destruct (sides_real (upper_bounds c) i Hhigh) as [E1 E2]. unfold high. rewrite E1, E2. apply Rmult_le_compat_l; [lra|].
    apply less_is_less; [apply (terms_are_positive F)|exact Hhigh|intros t Hin; destruct (Hnn i t Hin); auto|exact H].
  - exists best. split; [exact Hb|]. split; [split; [apply Hb|exact Hmin]|]. split; [intros i _; apply Hin|].
    intros mu Hmu Hheld. apply Huniq; [exact Hmu|]. intros v Hv Hnf. simpl in Hv. apply in_seq in Hv. apply Hheld; [lia|].
    apply free_or_held; [lia|]. destruct (is_free c v) eqn:E; [exfalso; apply Hnf; apply in_free; exact E|reflexivity].
Qed.

End Accepted.

(** The limit *)

Definition wide_keeps (c : wide_claim) (direction : list Z) (e : term) : bool :=
  if Req_EM_T (slope (fun u => IZR (nth u direction 0%Z)) e) 0 then true else false.

Theorem wide_limit_is_sound : forall c direction, accepted_wide_in_the_limit c direction = true ->
  let keep := wide_keeps c direction in
  ~ attained (wide_problem c) /\
  exists best, minimum (kept (wide_problem c) keep) best /\ reached_in_the_limit (wide_problem c) keep best /\
    (forall i, (i < wide_unknowns c)%nat -> Q2R (nth i (lower_bounds c) 1%Q) <= best i <= Q2R (nth i (upper_bounds c) 1%Q)).
Proof.
  intros c d H keep. unfold accepted_wide_in_the_limit in H.
  destruct (Nat.eqb_spec (length d) (wide_unknowns c)) as [Hl|]; [|discriminate]. destruct (forallb is_wide_term _) eqn:Hw; [|discriminate].
  destruct (forallb (fun t => slope_at d t <=? 0)%Z (wide_terms c)) eqn:Hr; [|discriminate]. destruct (existsb _ (wide_terms c)) eqn:Hf; [|discriminate].
  rewrite forallb_forall in Hw, Hr. assert (0 < / IZR (Zpos (common_of c))) as Hc by (apply Rinv_0_lt_compat; apply IZR_lt; lia).
  set (z := fun u => IZR (nth u d 0%Z)).
  assert (well_formed (wide_problem c)) as Hwf.
  { split; [apply seq_NoDup|]. intros e He. simpl in He. apply in_map_iff in He. destruct He as (t & <- & Ht). apply wide_well_formed. auto. }
  assert (falling (wide_problem c) z) as Hz.
  { split.
    - intros i Hi. unfold z. rewrite nth_overflow; [reflexivity|]. rewrite Hl. unfold wide_problem, numbers_of in Hi. cbn [hidden] in Hi. rewrite in_seq in Hi. lia.
    - intros e He _. simpl in He. apply in_map_iff in He. destruct He as (t & <- & Ht). unfold z. rewrite slope_real.
      specialize (Hr t Ht). apply Z.leb_le in Hr. apply IZR_le in Hr. nra. }
  split.
  - apply (not_attained_certificate _ z Hwf Hz). apply existsb_exists in Hf. destruct Hf as (t & Ht & Hlt). apply Z.ltb_lt in Hlt. apply IZR_lt in Hlt.
    exists (wide_real (common_of c) t). split; [apply in_map; exact Ht|]. split; [apply wide_cost_positive; auto|]. unfold z. rewrite slope_real. nra.
  - destruct (wide_checker_is_sound _ H) as (best & _ & Hmin & Hin & _). exists best.
    assert (kept (wide_problem c) keep = wide_problem (without_falling c d)) as Ek.
    { unfold kept, wide_problem. simpl. f_equal. rewrite enclosure_checker.filter_map. f_equal. apply filter_ext. intros t. unfold keep, wide_keeps.
      fold z. unfold z. rewrite slope_real. destruct (Z.eqb_spec (slope_at d t) 0) as [E|E].
      - rewrite E, Rmult_0_r. destruct (Req_EM_T 0 0); [reflexivity|lra].
      - destruct (Req_EM_T _ 0) as [E0|]; [|reflexivity]. exfalso. apply E. apply Rmult_integral in E0. destruct E0; [lra|apply eq_IZR; assumption]. }
    rewrite Ek. split; [exact Hmin|]. split; [|exact Hin].
    apply (limit_certificate _ z); [exact Hwf|exact Hz| |rewrite Ek; exact Hmin].
    intros e _ _. unfold keep, wide_keeps. fold z. destruct (Req_EM_T (slope z e) 0) as [E|E]; split; intros E'; auto; discriminate.
Qed.
