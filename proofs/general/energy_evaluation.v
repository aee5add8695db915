(* What the kernel evaluates of an energy certificate: factors rounded down, flows on a grid, sums of integers; and that these sums bound
   the gap. *)

From Coq Require Import Reals ZArith List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_rounding.
Import ListNotations.
Open Scope R_scope.

(** Problems *)

Fixpoint product (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 1
  | S m => product m f * f m
  end.

(* Terms are numbered; `listed` are those that count: of nonzero cost, and changed by some multiplier. The exponent of variable v in
   term e is (target_form e v + source_form e v) / denominator v: what the two ends of a synapse contribute. *)
Record rational_powers := RationalPowers {
  size : nat;
  listed : list nat;
  base : nat -> R;
  target_form : nat -> nat -> Z;
  source_form : nat -> nat -> Z;
  denominator : nat -> Z
}.

Definition proper (Q : rational_powers) : Prop :=
  (forall e, In e (listed Q) -> 0 < base Q e) /\ forall v, (v < size Q)%nat -> (0 < denominator Q v)%Z.

Definition power_product (Q : rational_powers) (side : nat -> nat -> Z) (mu : nat -> R) (e : nat) : R :=
  product (size Q) (fun v => Rpower (mu v) (IZR (side e v) / IZR (denominator Q v))).

Definition cost_of (Q : rational_powers) (mu : nat -> R) (e : nat) : R :=
  base Q e * power_product Q (target_form Q) mu e * power_product Q (source_form Q) mu e.

Definition regularizer_of (Q : rational_powers) (mu : nat -> R) : R := sum_over (listed Q) (cost_of Q mu).

Definition positive (Q : rational_powers) (mu : nat -> R) : Prop := forall v, (v < size Q)%nat -> 0 < mu v.

Definition minimal (Q : rational_powers) (mu : nat -> R) : Prop :=
  positive Q mu /\ forall mu', positive Q mu' -> regularizer_of Q mu <= regularizer_of Q mu'.

(* The derivative in each multiplier is 0. *)
Definition balanced_at (Q : rational_powers) (mu : nat -> R) : Prop :=
  positive Q mu /\
  forall v, (v < size Q)%nat ->
    sum_over (listed Q) (fun e => IZR (target_form Q e v + source_form Q e v) * cost_of Q mu e) = 0.

(** What the kernel evaluates *)

(* An exception's flow is its integer, over `divisor` times the grid. *)
Record certificate := Certificate {
  bits : Z;
  grid : Z;
  divisor : Z;
  exception : nat -> option Z
}.

(* Mantissas and exponents to base 2 of the three factors of each cost. *)
Record factors := Factors {
  base_mantissa : nat -> Z; base_shift : nat -> Z;
  target_mantissa : nat -> Z; target_shift : nat -> Z;
  source_mantissa : nat -> Z; source_shift : nat -> Z
}.

Definition factors_rounded (Q : rational_powers) (mu : nat -> R) (c : certificate) (f : factors) : Prop :=
  forall e, In e (listed Q) ->
    rounded_down (bits c) (base_mantissa f e) (base_shift f e) (base Q e) /\
    rounded_down (bits c) (target_mantissa f e) (target_shift f e) (power_product Q (target_form Q) mu e) /\
    rounded_down (bits c) (source_mantissa f e) (source_shift f e) (power_product Q (source_form Q) mu e).

Section Evaluation.

Variables (Q : rational_powers) (c : certificate) (f : factors).

Definition mantissa (e : nat) : Z := (base_mantissa f e * target_mantissa f e * source_mantissa f e)%Z.
Definition shift (e : nat) : Z := (base_shift f e + target_shift f e + source_shift f e)%Z.

(* The lower end of a cost, and how many units of the grid it holds. *)
Definition product_low (e : nat) : R := IZR (mantissa e) * two (shift e).
Definition units (e : nat) : Z := Z.shiftl (mantissa e) (shift e + grid c).

Definition numerator (e : nat) : Z :=
  match exception c e with Some y => y | None => divisor c * units e end.

Definition flow (e : nat) : R := IZR (numerator e) / IZR (divisor c) * two (- grid c).

Definition excess : R := (1 + two (1 - bits c)) ^ 3 - 1.

(* The interval of a cost. *)
Definition low_end (e : nat) : R :=
  match exception c e with Some _ => product_low e | None => IZR (units e) * two (- grid c) end.
Definition high_end (e : nat) : R :=
  match exception c e with
  | Some _ => product_low e * (1 + excess)
  | None => (IZR (units e) + 1) * two (- grid c) * (1 + excess)
  end.

Definition heavy (e : nat) : bool := match exception c e with Some _ => false | None => (0 <? units e)%Z end.
Definition light (e : nat) : bool := match exception c e with Some _ => false | None => (units e <=? 0)%Z end.

Definition sum_z (term : nat -> Z) : Z := fold_right Z.add 0%Z (map term (listed Q)).

Definition total_units : Z := sum_z (fun e => if heavy e then units e else 0%Z).
Definition heavy_count : Z := sum_z (fun e => if heavy e then 1%Z else 0%Z).
Definition light_count : Z := sum_z (fun e => if light e then 1%Z else 0%Z).

(* How many flows have b + 1 bits; each adds at most 2^-b, which is at least the inverse of its units. *)
Definition of_length (b : nat) : Z :=
  sum_z (fun e => if heavy e then (if (Z.log2 (units e) =? Z.of_nat b)%Z then 1%Z else 0%Z) else 0%Z).
Definition inverse_units (longest : nat) : R := sum longest (fun b => IZR (of_length b) * two (- Z.of_nat b)).

Definition exceptional_gap (e : nat) : R :=
  match exception c e with
  | Some _ => Rmax (gap_of (flow e) (product_low e)) (gap_of (flow e) (product_low e * (1 + excess)))
  | None => 0
  end.

Definition evaluated_gap (longest : nat) : R :=
  two (- grid c) * (excess ^ 2 * IZR total_units + 2 * excess * (1 + excess) * IZR heavy_count
    + (1 + excess) ^ 2 * inverse_units longest)
  + two (- grid c) * (1 + excess) * IZR light_count
  + sum_over (listed Q) exceptional_gap.

(* What is read: some significant bits, flows that are not negative, and no more bits of a flow than the sum by length covers. *)
Definition well_made (longest : nat) : Prop :=
  (1 <= bits c)%Z /\ (0 < divisor c)%Z /\
  (forall e y, In e (listed Q) -> exception c e = Some y -> (0 <= y)%Z) /\
  (forall e, In e (listed Q) -> heavy e = true -> (units e < 2 ^ Z.of_nat longest)%Z).

(* The flows against the exponents of a variable, up to the grid and denominators: a sum of integers. *)
Definition supply_units (v : nat) : Z := sum_z (fun e => (numerator e * (target_form Q e v + source_form Q e v))%Z).

End Evaluation.

(** Logarithms of multipliers *)

Definition powers_of (Q : rational_powers) : powers :=
  Powers (size Q) (listed Q) (base Q)
    (fun e v => IZR (target_form Q e v + source_form Q e v) / IZR (denominator Q v)).

Lemma product_of_powers : forall n mu b,
  product n (fun v => Rpower (mu v) (b v)) = exp (sum n (fun v => b v * ln (mu v))).
Proof.
  intros n mu b. induction n as [|n IH]; simpl; [symmetry; apply exp_0|]. rewrite IH, exp_plus. reflexivity.
Qed.

Lemma cost_of_log : forall Q mu e, cost_of Q mu e = amount (powers_of Q) (log_of mu) e.
Proof.
  intros Q mu e. unfold cost_of, power_product, amount, form, log_of. simpl.
  rewrite !product_of_powers, Rmult_assoc, <- exp_plus, <- sum_plus. do 2 f_equal. apply sum_ext.
  intros v _. rewrite plus_IZR. unfold Rdiv. ring.
Qed.

Lemma cost_of_exp : forall Q x e, cost_of Q (exp_of x) e = amount (powers_of Q) x e.
Proof.
  intros Q x e. rewrite cost_of_log. unfold amount, form. do 2 f_equal. apply sum_ext.
  intros v _. rewrite log_exp. reflexivity.
Qed.

Lemma regularizer_of_log : forall Q mu, regularizer_of Q mu = whole (powers_of Q) (log_of mu).
Proof. intros. apply sum_over_ext. intros e _. apply cost_of_log. Qed.

Lemma regularizer_of_exp : forall Q x, regularizer_of Q (exp_of x) = whole (powers_of Q) x.
Proof. intros. apply sum_over_ext. intros e _. apply cost_of_exp. Qed.

Lemma proper_positive : forall Q, proper Q -> positive_costs (powers_of Q).
Proof. intros Q [H _]. exact H. Qed.

Lemma positive_exp : forall Q x, positive Q (exp_of x).
Proof. intros Q x v _. apply exp_pos. Qed.

Lemma minimal_lowest : forall Q mu, minimal Q mu -> lowest (powers_of Q) (log_of mu).
Proof.
  intros Q mu [_ H] z. rewrite <- regularizer_of_log, <- regularizer_of_exp. apply H. apply positive_exp.
Qed.

Lemma lowest_minimal : forall Q x, lowest (powers_of Q) x -> minimal Q (exp_of x).
Proof.
  intros Q x H. split; [apply positive_exp|]. intros mu _. rewrite regularizer_of_exp, regularizer_of_log. apply H.
Qed.

Lemma balanced_steady : forall Q mu, proper Q -> positive Q mu -> (balanced_at Q mu <-> steady (powers_of Q) (log_of mu)).
Proof.
  intros Q mu [_ HD] Hp.
  assert (forall v, (v < size Q)%nat ->
    sum_over (listed Q) (fun e => amount (powers_of Q) (log_of mu) e * exponent (powers_of Q) e v)
    = / IZR (denominator Q v) * sum_over (listed Q) (fun e => IZR (target_form Q e v + source_form Q e v) * cost_of Q mu e)) as H.
  { intros v Hv. rewrite <- sum_over_scale. apply sum_over_ext. intros e _. rewrite cost_of_log. simpl. unfold Rdiv. ring. }
  split.
  - intros [_ Hb] v Hv. transitivity (/ IZR (denominator Q v) * 0); [|ring]. rewrite <- (Hb v Hv). exact (H v Hv).
  - intros Hs. split; [exact Hp|]. intros v Hv. specialize (H v Hv).
    assert (E := Hs v Hv). simpl in E, H. rewrite H in E.
    assert (0 < IZR (denominator Q v)) as Hd by (apply IZR_lt, HD; exact Hv).
    apply Rmult_integral in E. destruct E as [E|E]; [|exact E].
    assert (0 < / IZR (denominator Q v)) by (apply Rinv_0_lt_compat; exact Hd). lra.
Qed.

Lemma balanced_iff_minimal : forall Q mu, proper Q -> (balanced_at Q mu <-> minimal Q mu).
Proof.
  intros Q mu HQ. assert (HP := proper_positive Q HQ). split.
  - intros Hb. assert (Hp := proj1 Hb). split; [exact Hp|]. intros mu' _. rewrite !regularizer_of_log.
    apply (lowest_iff_steady (powers_of Q) (log_of mu) HP). apply balanced_steady; assumption.
  - intros Hm. apply balanced_steady; [exact HQ|apply Hm|]. apply lowest_iff_steady; [exact HP|].
    apply minimal_lowest. exact Hm.
Qed.

(** The sums of integers are the sum of what each term adds at most. *)

Section Soundness.

Variables (Q : rational_powers) (mu : nat -> R) (c : certificate) (f : factors) (longest : nat).
Hypothesis HQ : proper Q.
Hypothesis Hfactors : factors_rounded Q mu c f.
Hypothesis Hmade : well_made Q c f longest.

Let g := two (- grid c).
Let eps := excess c.

Lemma excess_nonneg : 0 <= eps.
Proof.
  unfold eps, excess. assert (H := two_positive (1 - bits c)).
  assert (1 ^ 3 <= (1 + two (1 - bits c)) ^ 3) by (apply pow_incr; lra). lra.
Qed.

Lemma product_bounds : forall e, In e (listed Q) ->
  0 < product_low f e /\ product_low f e <= cost_of Q mu e <= product_low f e * (1 + eps).
Proof.
  intros e He. destruct Hmade as (Hb & _). destruct (Hfactors e He) as (H1 & H2 & H3).
  apply rounded_down_relative in H1; [|exact Hb]. apply rounded_down_relative in H2; [|exact Hb].
  apply rounded_down_relative in H3; [|exact Hb].
  assert (product_low f e = IZR (base_mantissa f e) * two (base_shift f e) * (IZR (target_mantissa f e) * two (target_shift f e))
    * (IZR (source_mantissa f e) * two (source_shift f e))) as E.
  { unfold product_low, mantissa, shift. rewrite !mult_IZR, !two_plus. ring. }
  rewrite E. split; [apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat|]; tauto|].
  unfold cost_of, eps, excess. apply product_of_three; try tauto. left. apply two_positive.
Qed.

Lemma grid_inverse : two (grid c) * g = 1.
Proof. unfold g. rewrite <- two_plus. replace (grid c + - grid c)%Z with 0%Z by ring. reflexivity. Qed.

Lemma units_bounds : forall e, IZR (units c f e) * g <= product_low f e < (IZR (units c f e) + 1) * g.
Proof.
  intros e. assert (H := shift_rounds_down (mantissa f e) (shift f e + grid c)). fold (units c f e) in H.
  rewrite two_plus in H. assert (Hg := two_positive (- grid c)). fold g in Hg.
  replace (product_low f e) with (IZR (mantissa f e) * (two (shift f e) * two (grid c)) * g).
  - split; [apply Rmult_le_compat_r|apply Rmult_lt_compat_r]; lra.
  - unfold product_low. transitivity (IZR (mantissa f e) * two (shift f e) * (two (grid c) * g)); [ring|].
    rewrite grid_inverse. ring.
Qed.

Lemma units_nonneg : forall e, In e (listed Q) -> (0 <= units c f e)%Z.
Proof.
  intros e He. destruct (units_bounds e) as [_ H]. destruct (product_bounds e He) as [Hp _].
  assert (Hg := two_positive (- grid c)). fold g in Hg.
  assert (- 1 < IZR (units c f e)) by nra. assert (H1 : (-1 < units c f e)%Z) by (apply lt_IZR; assumption). lia.
Qed.

Lemma flow_of_default : forall e, exception c e = None -> flow c f e = IZR (units c f e) * g.
Proof.
  intros e E. unfold flow, numerator. rewrite E. destruct Hmade as (_ & Hd & _). apply IZR_lt in Hd.
  rewrite mult_IZR. unfold g. field. lra.
Qed.

Lemma flow_nonneg : forall e, In e (listed Q) -> 0 <= flow c f e.
Proof.
  intros e He. assert (Hg := two_positive (- grid c)). destruct (exception c e) as [y|] eqn:E.
  - unfold flow, numerator. rewrite E. destruct Hmade as (_ & Hd & Hy & _). apply IZR_lt in Hd.
    specialize (Hy e y He E). apply IZR_le in Hy. apply Rmult_le_pos; [|lra].
    apply Rmult_le_pos; [exact Hy|]. left. apply Rinv_0_lt_compat. exact Hd.
  - rewrite flow_of_default by exact E. assert (H := units_nonneg e He). apply IZR_le in H. unfold g. nra.
Qed.

Lemma interval_bounds : forall e, In e (listed Q) -> low_end c f e <= cost_of Q mu e <= high_end c f e.
Proof.
  intros e He. destruct (product_bounds e He) as [_ H]. unfold low_end, high_end. fold g eps.
  destruct (exception c e); [exact H|]. assert (Hu := units_bounds e). assert (Hx := excess_nonneg).
  split; [lra|]. apply Rle_trans with (1 := proj2 H). apply Rmult_le_compat_r; lra.
Qed.

Definition contribution (e : nat) : R :=
  (if heavy c f e then g * (eps ^ 2 * IZR (units c f e) + 2 * eps * (1 + eps) + (1 + eps) ^ 2 * two (- Z.log2 (units c f e))) else 0)
  + (if light c f e then g * (1 + eps) else 0)
  + exceptional_gap c f e.

Lemma contribution_bounds : forall e, In e (listed Q) -> gap_of (flow c f e) (cost_of Q mu e) <= contribution e.
Proof.
  intros e He. destruct (product_bounds e He) as [Hp Hw]. assert (Hu := units_bounds e). assert (Hx := excess_nonneg).
  assert (Hg := two_positive (- grid c)). fold g in Hg. assert (Hn := units_nonneg e He).
  unfold contribution, heavy, light, exceptional_gap. fold eps. destruct (exception c e) as [y|] eqn:E.
  - assert (H := gap_between_ends (flow c f e) (product_low f e) (product_low f e * (1 + eps)) _ Hp Hw). lra.
  - rewrite flow_of_default by exact E. destruct (Z.ltb_spec 0 (units c f e)) as [H0|H0].
    + destruct (Z.leb_spec (units c f e) 0); [lia|].
      assert (Hd := default_gap g eps (units c f e) _ _ Hg Hx H0 Hu Hw). lra.
    + destruct (Z.leb_spec (units c f e) 0); [|lia]. assert (Z0 : units c f e = 0%Z) by lia. rewrite Z0 in *.
      rewrite Rmult_0_l. assert (Hd := light_gap g eps (product_low f e) (cost_of Q mu e) Hx ltac:(lra) ltac:(lra)). lra.
Qed.

Lemma sum_z_over : forall term, IZR (sum_z Q term) = sum_over (listed Q) (fun e => IZR (term e)).
Proof.
  intros term. unfold sum_z. induction (listed Q) as [|e l IH]; [reflexivity|]. simpl. rewrite plus_IZR, IH. reflexivity.
Qed.

Lemma inverse_units_over :
  inverse_units Q c f longest = sum_over (listed Q) (fun e => if heavy c f e then two (- Z.log2 (units c f e)) else 0).
Proof.
  unfold inverse_units, of_length.
  rewrite (sum_ext longest _ (fun b => sum_over (listed Q) (fun e =>
    (if heavy c f e then (if (Z.log2 (units c f e) =? Z.of_nat b)%Z then 1 else 0) else 0) * two (- Z.of_nat b)))).
  2:{ intros b _. rewrite sum_z_over, Rmult_comm, <- sum_over_scale. apply sum_over_ext. intros e _.
      rewrite Rmult_comm. f_equal. destruct (heavy c f e); [|reflexivity]. destruct (_ =? _)%Z; reflexivity. }
  rewrite <- sum_over_sum. apply sum_over_ext. intros e He. destruct (heavy c f e) eqn:Hh.
  - assert (0 < units c f e)%Z as Hpos.
    { unfold heavy in Hh. destruct (exception c e); [discriminate|]. apply Z.ltb_lt. exact Hh. }
    destruct Hmade as (_ & _ & _ & Hlong). specialize (Hlong e He Hh).
    assert (Z.log2 (units c f e) < Z.of_nat longest)%Z by (apply Z.log2_lt_pow2; assumption).
    assert (Hnn := Z.log2_nonneg (units c f e)).
    rewrite (sum_single longest _ (Z.to_nat (Z.log2 (units c f e)))).
    + rewrite Z2Nat.id by exact Hnn. rewrite Z.eqb_refl. ring.
    + lia.
    + intros b _ Hne. destruct (Z.eqb_spec (Z.log2 (units c f e)) (Z.of_nat b)); [lia|ring].
  - apply sum_zero. intros. ring.
Qed.

Lemma evaluated_gap_over : evaluated_gap Q c f longest = sum_over (listed Q) contribution.
Proof.
  unfold evaluated_gap, contribution. fold g eps.
  rewrite !sum_over_plus. unfold total_units, heavy_count, light_count. rewrite !sum_z_over, inverse_units_over.
  f_equal. f_equal.
  - rewrite <- !sum_over_scale, <- !sum_over_plus, <- sum_over_scale.
    apply sum_over_ext. intros e _. destruct (heavy c f e); simpl; ring.
  - rewrite <- sum_over_scale. apply sum_over_ext. intros e _. destruct (light c f e); simpl; ring.
Qed.

Lemma flow_supplies :
  supplies (powers_of Q) (flow c f) (fun v => IZR (supply_units Q c f v) * (g / IZR (divisor c) / IZR (denominator Q v))).
Proof.
  intros v Hv. destruct Hmade as (_ & Hd & _). apply IZR_lt in Hd.
  assert (0 < IZR (denominator Q v)) as HD by (apply IZR_lt; apply HQ; exact Hv).
  unfold supply_units. rewrite sum_z_over, Rmult_comm, <- sum_over_scale. apply sum_over_ext.
  intros e _. unfold flow. fold g. simpl. rewrite mult_IZR. field. lra.
Qed.

Lemma flow_circulates : (forall v, (v < size Q)%nat -> supply_units Q c f v = 0%Z) -> circulates (powers_of Q) (flow c f).
Proof. intros H v Hv. rewrite (flow_supplies v Hv), (H v Hv). ring. Qed.

Lemma true_gap : gap (powers_of Q) (flow c f) (log_of mu) <= evaluated_gap Q c f longest.
Proof.
  rewrite evaluated_gap_over. apply sum_over_le. intros e He. rewrite <- cost_of_log. apply contribution_bounds. exact He.
Qed.

Lemma flow_gap_bound : forall z,
  whole (powers_of Q) (log_of mu) - whole (powers_of Q) z
  <= evaluated_gap Q c f longest - sum (size Q) (fun v =>
       IZR (supply_units Q c f v) * (g / IZR (divisor c) / IZR (denominator Q v)) * (z v - log_of mu v)).
Proof.
  intros z. assert (H := gap_bound_supplied (powers_of Q) (flow c f) _ (log_of mu) z (proper_positive Q HQ) flow_nonneg flow_supplies).
  assert (H1 := true_gap). simpl in H. lra.
Qed.

Lemma low_end_nonneg : forall e, In e (listed Q) -> 0 <= low_end c f e.
Proof.
  intros e He. unfold low_end. assert (Hu := units_nonneg e He). apply IZR_le in Hu. assert (Hg := two_positive (- grid c)).
  destruct (product_bounds e He) as [Hp _]. destruct (exception c e); [lra|]. apply Rmult_le_pos; lra.
Qed.

(* From what a term may lose to its enclosure. *)
Lemma enclosed_by_loss : forall z G e r,
  In e (listed Q) -> cost_of Q mu e * loss (form (powers_of Q) (difference (log_of mu) z) e) <= G ->
  radius_passes G (low_end c f e) r ->
  Rabs (ln (amount (powers_of Q) z e / cost_of Q mu e)) <= r /\
  low_end c f e * (1 - r) <= amount (powers_of Q) z e <= high_end c f e / (1 - r).
Proof.
  intros z G e r He Hloss Hp. assert (HP := proper_positive Q HQ). assert (Hi := interval_bounds e He).
  rewrite cost_of_log in *. assert (0 < amount (powers_of Q) (log_of mu) e) by (apply amount_positive; assumption).
  assert (Rabs (ln (amount (powers_of Q) z e / amount (powers_of Q) (log_of mu) e)) <= r) as Hr.
  { rewrite amounts_as_logarithm by assumption. rewrite Rabs_Ropp.
    apply radius_of_loss with (amount (powers_of Q) (log_of mu) e) G; try assumption.
    apply radius_passes_above with (low_end c f e); [exact Hp|apply Hi]. }
  split; [exact Hr|]. apply interval_of_radius with (amount (powers_of Q) (log_of mu) e); try assumption.
  - apply amount_positive; assumption.
  - apply radius_passes_range with (1 := Hp).
  - split; [apply low_end_nonneg; exact He|apply Hi].
  - apply Hi.
Qed.

End Soundness.
