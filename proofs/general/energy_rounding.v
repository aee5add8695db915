(* The numbers of an energy certificate: factors rounded down to some significant bits, flows rounded down to a grid, and what each
   term then adds to the gap at most. *)

From Coq Require Import Reals ZArith Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy.
Open Scope R_scope.

Definition two (t : Z) : R := powerRZ 2 t.

Lemma two_positive : forall t, 0 < two t.
Proof. intros t. apply powerRZ_lt. lra. Qed.

Lemma two_plus : forall s t, two (s + t) = two s * two t.
Proof. intros s t. apply powerRZ_add. lra. Qed.

Lemma two_zero : two 0 = 1.
Proof. reflexivity. Qed.

Lemma two_of_integer : forall t, (0 <= t)%Z -> two t = IZR (2 ^ t).
Proof.
  intros t Ht. unfold two. destruct t as [|p|p]; [reflexivity| |lia].
  change (powerRZ 2 (Z.pos p)) with (pow 2 (Pos.to_nat p)).
  rewrite pow_IZR, positive_nat_Z. reflexivity.
Qed.

(* The mantissa has exactly `bits` bits. *)
Definition rounded_down (bits mantissa shift : Z) (f : R) : Prop :=
  (2 ^ (bits - 1) <= mantissa < 2 ^ bits)%Z /\ IZR mantissa * two shift <= f < (IZR mantissa + 1) * two shift.

Lemma rounded_down_relative : forall bits mantissa shift f,
  (1 <= bits)%Z -> rounded_down bits mantissa shift f ->
  0 < IZR mantissa * two shift /\ IZR mantissa * two shift <= f <= IZR mantissa * two shift * (1 + two (1 - bits)).
Proof.
  intros bits m s f Hb ((Hm & _) & Hl & Hh). assert (Hs := two_positive s).
  apply IZR_le in Hm. rewrite <- two_of_integer in Hm by lia.
  assert (0 < two (bits - 1)) by apply two_positive. assert (0 < two (1 - bits)) by apply two_positive.
  assert (two (bits - 1) * two (1 - bits) = 1) as E.
  { rewrite <- two_plus. replace (bits - 1 + (1 - bits))%Z with 0%Z by ring. reflexivity. }
  assert (1 <= IZR m * two (1 - bits)) by nra.
  split; [apply Rmult_lt_0_compat; lra|]. split; [exact Hl|]. nra.
Qed.

(* Three factors that are each a little too small. *)
Lemma product_of_three : forall f1 f2 f3 l1 l2 l3 h,
  0 <= h -> 0 < l1 -> 0 < l2 -> 0 < l3 ->
  l1 <= f1 <= l1 * (1 + h) -> l2 <= f2 <= l2 * (1 + h) -> l3 <= f3 <= l3 * (1 + h) ->
  l1 * l2 * l3 <= f1 * f2 * f3 <= l1 * l2 * l3 * (1 + ((1 + h) ^ 3 - 1)).
Proof.
  intros f1 f2 f3 l1 l2 l3 h Hh H1 H2 H3 F1 F2 F3.
  replace (l1 * l2 * l3 * (1 + ((1 + h) ^ 3 - 1))) with (l1 * (1 + h) * (l2 * (1 + h)) * (l3 * (1 + h))) by ring.
  assert (0 < l1 * l2) by (apply Rmult_lt_0_compat; assumption).
  assert (l1 * l2 <= f1 * f2) by (apply Rmult_le_compat; lra).
  assert (f1 * f2 <= l1 * (1 + h) * (l2 * (1 + h))) by (apply Rmult_le_compat; lra).
  split; apply Rmult_le_compat; lra.
Qed.

(* Shifting left by a negative number divides and rounds down. *)
Lemma shift_rounds_down : forall u s,
  IZR (Z.shiftl u s) <= IZR u * two s < IZR (Z.shiftl u s) + 1.
Proof.
  intros u s. destruct (Z_le_gt_dec 0 s) as [Hs|Hs].
  - rewrite Z.shiftl_mul_pow2 by exact Hs. rewrite mult_IZR, two_of_integer by exact Hs. lra.
  - rewrite <- (Z.opp_involutive s), Z.shiftl_opp_r, Z.shiftr_div_pow2 by lia.
    set (d := (2 ^ (- s))%Z). assert (0 < d)%Z by (apply Z.pow_pos_nonneg; lia).
    assert (H1 := Z.mul_div_le u d ltac:(lia)). assert (H3 : (u < d * (u / d + 1))%Z) by (apply Z.mul_succ_div_gt; lia).
    apply IZR_le in H1. apply IZR_lt in H3.
    rewrite mult_IZR in H1, H3. rewrite plus_IZR in H3.
    assert (IZR d * two (- - s) = 1) as E.
    { unfold d. rewrite <- two_of_integer, <- two_plus by lia. replace (- s + - - s)%Z with 0%Z by ring. reflexivity. }
    assert (0 < two (- - s)) by apply two_positive. set (t := two (- - s)) in *. set (q := IZR (u / d)) in *.
    split.
    + replace q with (IZR d * q * t) by (transitivity (q * (IZR d * t)); [ring|rewrite E; ring]).
      apply Rmult_le_compat_r; lra.
    + replace (q + 1) with (IZR d * (q + 1) * t) by (transitivity ((q + 1) * (IZR d * t)); [ring|rewrite E; ring]).
      apply Rmult_lt_compat_r; lra.
Qed.

(** What a term adds to the gap *)

(* Rounded down to the grid g, of m > 0 units. *)
Lemma default_gap : forall g eps m u w,
  0 < g -> 0 <= eps -> (0 < m)%Z -> IZR m * g <= u < (IZR m + 1) * g -> u <= w <= u * (1 + eps) ->
  gap_of (IZR m * g) w <= g * (eps ^ 2 * IZR m + 2 * eps * (1 + eps) + (1 + eps) ^ 2 * two (- Z.log2 m)).
Proof.
  intros g eps m u w Hg He Hm Hu Hw. assert (0 < IZR m) by (apply IZR_lt; exact Hm).
  set (y := IZR m * g). assert (0 < y) by (apply Rmult_lt_0_compat; assumption).
  set (d := eps * y + g * (1 + eps)).
  assert (0 <= w - y <= d) as Hd.
  { split; [unfold y; lra|]. assert (u * (1 + eps) <= (y + g) * (1 + eps)) by (apply Rmult_le_compat_r; unfold y; lra).
    unfold d. lra. }
  apply Rle_trans with (d ^ 2 / y).
  - unfold gap_of, Rdiv. apply Rmult_le_compat.
    + apply pow2_ge_0.
    + left. apply Rinv_0_lt_compat. lra.
    + replace ((y - w) ^ 2) with ((w - y) ^ 2) by ring. apply pow_incr. exact Hd.
    + apply Rinv_le_contravar; lra.
  - replace (d ^ 2 / y) with (g * (eps ^ 2 * IZR m + 2 * eps * (1 + eps) + (1 + eps) ^ 2 * / IZR m))
      by (unfold d, y; field; split; lra).
    assert (/ IZR m <= two (- Z.log2 m)).
    { destruct (Z.log2_spec m Hm) as [Hl _]. apply IZR_le in Hl. rewrite <- two_of_integer in Hl by apply Z.log2_nonneg.
      assert (two (- Z.log2 m) * two (Z.log2 m) = 1) as E.
      { rewrite <- two_plus. replace (- Z.log2 m + Z.log2 m)%Z with 0%Z by ring. reflexivity. }
      assert (0 < two (- Z.log2 m)) by apply two_positive.
      apply Rmult_le_reg_r with (IZR m); [assumption|]. rewrite Rinv_l by lra. nra. }
    apply Rmult_le_compat_l; [lra|]. apply Rplus_le_compat_l. apply Rmult_le_compat_l; [apply pow2_ge_0|assumption].
Qed.

(* Less than one unit of the grid. *)
Lemma light_gap : forall g eps u w,
  0 <= eps -> u < g -> 0 < w <= u * (1 + eps) -> gap_of 0 w <= g * (1 + eps).
Proof.
  intros g eps u w He Hu Hw. rewrite gap_of_zero by lra.
  assert (u * (1 + eps) <= g * (1 + eps)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

(* A term's contribution is convex in its cost, so largest at an end of an interval. *)
Lemma gap_between_ends : forall y low high w,
  0 < low -> low <= w <= high -> gap_of y w <= Rmax (gap_of y low) (gap_of y high).
Proof.
  intros y low high w Hl Hw. destruct (Req_dec low high) as [<-|Hne].
  { replace w with low by lra. apply Rmax_l. }
  assert ((high - low) * gap_of y w <= (high - w) * gap_of y low + (w - low) * gap_of y high) as Hc.
  { unfold gap_of.
    assert (((high - w) * ((y - low) ^ 2 / low) + (w - low) * ((y - high) ^ 2 / high)) - (high - low) * ((y - w) ^ 2 / w)
      = y ^ 2 * ((high - w) * (w - low) * (high - low)) / (low * w * high)) as E by (field; lra).
    assert (0 <= y ^ 2 * ((high - w) * (w - low) * (high - low)) / (low * w * high)).
    { apply Rmult_le_pos.
      - apply Rmult_le_pos; [apply pow2_ge_0|]. repeat apply Rmult_le_pos; lra.
      - left. apply Rinv_0_lt_compat. repeat apply Rmult_lt_0_compat; lra. }
    lra. }
  assert (H1 := Rmax_l (gap_of y low) (gap_of y high)). assert (H2 := Rmax_r (gap_of y low) (gap_of y high)).
  set (M := Rmax (gap_of y low) (gap_of y high)) in *.
  apply Rmult_le_reg_l with (high - low); [lra|].
  assert ((high - w) * gap_of y low <= (high - w) * M) by (apply Rmult_le_compat_l; lra).
  assert ((w - low) * gap_of y high <= (w - low) * M) by (apply Rmult_le_compat_l; lra). lra.
Qed.
