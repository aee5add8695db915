(* Roots of products of powers of rational numbers, by integers alone: rounded down to some significant bits, or exactly where they are rational.
   A root is proposed and then checked: what is proved rests on the check. *)

From Coq Require Import Reals ZArith QArith Qreals List Bool Lra Lia.
From Synbal Require Import balancing_problem energy_rounding.
Import ListNotations.
Open Scope Z_scope.

(** What computes *)

(* (top / bottom * 2^binary) ^ power *)
Record factor := Factor { top : Z; bottom : Z; binary : Z; power : Z }.

Definition is_factor (f : factor) : bool := if 0 <? top f then 0 <? bottom f else false.

(* over / under * 2^doublings *)
Record fraction := Fraction { over : Z; under : Z; doublings : Z }.

Definition times (f : factor) (r : fraction) : fraction :=
  if 0 <=? power f
  then Fraction (top f ^ power f * over r) (bottom f ^ power f * under r) (binary f * power f + doublings r)
  else Fraction (bottom f ^ (- power f) * over r) (top f ^ (- power f) * under r) (binary f * power f + doublings r).

Definition product_of (l : list factor) : fraction := fold_right times (Fraction 1 1 0) l.

(* a * 2^k <= b *)
Definition shifted_le (a k b : Z) : bool := if 0 <=? k then Z.shiftl a k <=? b else a <=? Z.shiftl b (- k).

(* Is it the n-th root of the fraction, rounded down to so many bits? *)
Definition is_rounded (bits n : Z) (r : fraction) (m s : Z) : bool :=
  if Z.shiftl 1 (bits - 1) <=? m then
  if m <? Z.shiftl 1 bits then
  if shifted_le (m ^ n * under r) (n * s - doublings r) (over r) then
    negb (shifted_le ((m + 1) ^ n * under r) (n * s - doublings r) (over r))
  else false else false else false.

Fixpoint root_from (places : nat) (n x root : Z) : Z :=
  match places with
  | O => root
  | S k => let next := root + Z.shiftl 1 (Z.of_nat k) in root_from k n x (if next ^ n <=? x then next else root)
  end.

Definition floor_root (n x : Z) : Z := if n =? 1 then x else root_from (S (Z.to_nat (Z.log2 x / n))) n x 0.

Definition proposed (bits n : Z) (r : fraction) : Z * Z :=
  let least := (bits + 1) * n + Z.log2 (under r) - Z.log2 (over r) + 1 in
  let places := least + (doublings r - least) mod n in
  let quotient := if 0 <=? places then Z.shiftl (over r) places / under r else over r / Z.shiftl (under r) (- places) in
  let value := floor_root n quotient in
  let excess := Z.log2 value + 1 - bits in
  (Z.shiftr value excess, (doublings r - places) / n + excess).

(* Powers and root over a common divisor. *)
Definition divisor_of (n : Z) (l : list factor) : Z := fold_right (fun f d => Z.gcd (power f) d) n l.

Definition divided (d : Z) (f : factor) : factor := Factor (top f) (bottom f) (binary f) (power f / d).

Definition is_divided (d : Z) (f : factor) : bool := power f =? d * (power f / d).

(* The n-th root of a product as the k-th root of a fraction, k as small as it can be. *)
Definition reduced (n : Z) (l : list factor) : option (Z * fraction) :=
  let d := divisor_of n l in
  let k := n / d in
  if 0 <? d then
  if 0 <? k then
  if n =? d * k then
  if forallb is_factor l then
  if forallb (is_divided d) l then Some (k, product_of (map (divided d) l))
  else None else None else None else None else None.

Definition rounded (bits n : Z) (l : list factor) : option (Z * Z) :=
  match reduced n l with
  | Some (k, r) => let (m, s) := proposed bits k r in if is_rounded bits k r m s then Some (m, s) else None
  | None => None
  end.

(* No number of more bits than this is written out. *)
Definition longest : Z := 262144.

(* The root, where it is rational. *)
Definition exact (n : Z) (l : list factor) : option Q :=
  match reduced n l with
  | Some (k, r) =>
      if Z.abs (doublings r) <? longest then
        let a := if 0 <=? doublings r then Z.shiftl (over r) (doublings r) else over r in
        let b := if 0 <=? doublings r then under r else Z.shiftl (under r) (- doublings r) in
        let x := floor_root k (a / Z.gcd a b) in
        let y := floor_root k (b / Z.gcd a b) in
        if 0 <? x then if 0 <? y then if x ^ k * b =? y ^ k * a then Some (x # Z.to_pos y)%Q else None else None else None
      else None
  | None => None
  end.

(** What it stands for *)

Local Open Scope R_scope.

Definition real_factor (f : factor) : R := IZR (top f) / IZR (bottom f) * two (binary f).

Definition real_root (n : Z) (l : list factor) : R := exp (sum_over l (fun f => IZR (power f) / IZR n * ln (real_factor f))).

Lemma log_of_two : forall t, ln (two t) = IZR t * ln 2.
Proof. intros t. unfold two. rewrite powerRZ_Rpower by lra. unfold Rpower. apply ln_exp. Qed.

Lemma log_of_power : forall a k, (0 < a)%Z -> (0 <= k)%Z -> 0 < IZR (a ^ k) /\ ln (IZR (a ^ k)) = IZR k * ln (IZR a).
Proof.
  intros a k Ha Hk. assert (0 < IZR a) as Hp by (apply IZR_lt; exact Ha).
  rewrite <- (Z2Nat.id k Hk) at 1 2. rewrite <- pow_IZR. split; [apply pow_lt; exact Hp|].
  rewrite <- Rpower_pow by exact Hp. unfold Rpower. rewrite ln_exp. f_equal.
  rewrite INR_IZR_INZ, Z2Nat.id by exact Hk. reflexivity.
Qed.

Lemma log_of_product : forall a b, (0 < a)%Z -> (0 < b)%Z -> ln (IZR (a * b)) = ln (IZR a) + ln (IZR b).
Proof. intros a b Ha Hb. rewrite mult_IZR. apply ln_mult; apply IZR_lt; assumption. Qed.

Lemma is_factor_positive : forall f, is_factor f = true -> (0 < top f)%Z /\ (0 < bottom f)%Z.
Proof.
  intros f H. unfold is_factor in H. destruct (Z.ltb_spec 0 (top f)); [|discriminate]. apply Z.ltb_lt in H. auto.
Qed.

Lemma log_of_factor : forall f, is_factor f = true ->
  ln (real_factor f) = ln (IZR (top f)) - ln (IZR (bottom f)) + IZR (binary f) * ln 2.
Proof.
  intros f H. apply is_factor_positive in H. destruct H as [Ht Hb]. apply IZR_lt in Ht. apply IZR_lt in Hb.
  unfold real_factor. assert (0 < / IZR (bottom f)) by (apply Rinv_0_lt_compat; exact Hb).
  rewrite ln_mult by (try apply two_positive; apply Rmult_lt_0_compat; assumption).
  unfold Rdiv. rewrite ln_mult, ln_Rinv, log_of_two by assumption. ring.
Qed.

Lemma product_of_positive : forall l, forallb is_factor l = true -> (0 < over (product_of l))%Z /\ (0 < under (product_of l))%Z.
Proof.
  induction l as [|f l IH]; intros H; simpl; [lia|]. simpl in H. apply andb_prop in H. destruct H as [Hf Hl].
  destruct (IH Hl) as [Ho Hu]. apply is_factor_positive in Hf. destruct Hf as [Ht Hb]. unfold times.
  destruct (Z.leb_spec 0 (power f)); simpl; split; apply Z.mul_pos_pos; try assumption; apply Z.pow_pos_nonneg; lia.
Qed.

Lemma product_of_log : forall l, forallb is_factor l = true ->
  ln (IZR (over (product_of l))) - ln (IZR (under (product_of l))) + IZR (doublings (product_of l)) * ln 2
  = sum_over l (fun f => IZR (power f) * ln (real_factor f)).
Proof.
  induction l as [|f l IH]; intros H; [simpl; rewrite ln_1; ring|]. cbn [sum_over forallb] in *.
  apply andb_prop in H. destruct H as [Hf Hl]. rewrite <- (IH Hl), log_of_factor by exact Hf.
  destruct (product_of_positive l Hl) as [Ho Hu]. assert (Hp := is_factor_positive f Hf). destruct Hp as [Ht Hb].
  change (product_of (f :: l)) with (times f (product_of l)). unfold times.
  destruct (Z.leb_spec 0 (power f)) as [Hk|Hk]; cbn [over under doublings].
  - destruct (log_of_power (top f) (power f) Ht Hk) as [_ E1]. destruct (log_of_power (bottom f) (power f) Hb Hk) as [_ E2].
    rewrite !log_of_product by (try assumption; apply Z.pow_pos_nonneg; lia). rewrite E1, E2, plus_IZR, mult_IZR. ring.
  - destruct (log_of_power (top f) (- power f) Ht ltac:(lia)) as [_ E1].
    destruct (log_of_power (bottom f) (- power f) Hb ltac:(lia)) as [_ E2].
    rewrite !log_of_product by (try assumption; apply Z.pow_pos_nonneg; lia). rewrite E1, E2, opp_IZR, plus_IZR, mult_IZR. ring.
Qed.

Lemma shifted_le_real : forall a k b, shifted_le a k b = true <-> IZR a * two k <= IZR b.
Proof.
  intros a k b. unfold shifted_le. destruct (Z.leb_spec 0 k) as [Hk|Hk]; rewrite Z.leb_le, Z.shiftl_mul_pow2 by lia.
  - rewrite two_of_integer, <- mult_IZR by exact Hk. split; [apply IZR_le|apply le_IZR].
  - assert (two k * IZR (2 ^ - k) = 1) as E.
    { rewrite <- two_of_integer, <- two_plus by lia. replace (k + - k)%Z with 0%Z by ring. reflexivity. }
    assert (0 < two k) by apply two_positive. split; intros H1.
    + apply IZR_le in H1. rewrite mult_IZR in H1.
      replace (IZR b) with (IZR b * IZR (2 ^ - k) * two k) by (rewrite Rmult_assoc, (Rmult_comm _ (two k)), E; ring).
      apply Rmult_le_compat_r; lra.
    + apply le_IZR. rewrite mult_IZR. assert (0 < IZR (2 ^ - k)) by (apply IZR_lt, Z.pow_pos_nonneg; lia).
      replace (IZR a) with (IZR a * two k * IZR (2 ^ - k)) by (rewrite Rmult_assoc, E; ring).
      apply Rmult_le_compat_r; lra.
Qed.

Lemma shifted_le_log : forall a k b, (0 < a)%Z -> (0 < b)%Z ->
  (shifted_le a k b = true <-> ln (IZR a) + IZR k * ln 2 <= ln (IZR b)).
Proof.
  intros a k b Ha Hb. rewrite shifted_le_real. apply IZR_lt in Ha. apply IZR_lt in Hb. assert (Hk := two_positive k).
  assert (0 < IZR a * two k) by (apply Rmult_lt_0_compat; assumption).
  rewrite <- log_of_two, <- ln_mult by assumption. split; intros H1.
  - destruct H1 as [H1|H1]; [left; apply ln_increasing; assumption|right; f_equal; exact H1].
  - destruct H1 as [H1|H1]; [left; apply ln_lt_inv; assumption|right; apply ln_inv; assumption].
Qed.

Lemma is_rounded_log : forall bits n r m s L,
  (1 <= bits)%Z -> (0 < n)%Z -> (0 < over r)%Z -> (0 < under r)%Z ->
  ln (IZR (over r)) - ln (IZR (under r)) + IZR (doublings r) * ln 2 = IZR n * L ->
  is_rounded bits n r m s = true -> rounded_down bits m s (exp L).
Proof.
  intros bits n r m s L Hb Hn Ho Hu HL H. unfold is_rounded in H.
  destruct (Z.leb_spec (Z.shiftl 1 (bits - 1)) m) as [H1|]; [|discriminate].
  destruct (Z.ltb_spec m (Z.shiftl 1 bits)) as [H2|]; [|discriminate].
  destruct (shifted_le (m ^ n * under r) _ _) eqn:H3; [|discriminate]. apply negb_true_iff in H.
  rewrite Z.shiftl_1_l in H1, H2. assert (0 < 2 ^ (bits - 1))%Z by (apply Z.pow_pos_nonneg; lia). assert (0 < m)%Z as Hm by lia.
  assert (forall a, (0 < a)%Z -> (shifted_le (a ^ n * under r) (n * s - doublings r) (over r) = true <-> IZR a * two s <= exp L)) as Hle.
  { intros a Ha. destruct (log_of_power a n Ha ltac:(lia)) as [_ E].
    assert (0 < a ^ n)%Z by (apply Z.pow_pos_nonneg; lia).
    rewrite shifted_le_log by (try assumption; apply Z.mul_pos_pos; assumption).
    rewrite log_of_product, E, minus_IZR, mult_IZR by assumption.
    assert (0 < IZR n) by (apply IZR_lt; exact Hn). assert (0 < IZR a) as Ha' by (apply IZR_lt; exact Ha).
    assert (0 < two s) as Hs by apply two_positive. assert (0 < IZR a * two s) as Hp by (apply Rmult_lt_0_compat; assumption).
    assert (IZR a * two s <= exp L <-> ln (IZR a) + IZR s * ln 2 <= L) as ->.
    { rewrite <- log_of_two, <- ln_mult by assumption. rewrite <- (ln_exp L) at 2. split; intros [Hx|Hx].
      - left. apply ln_increasing; assumption.
      - right. f_equal. exact Hx.
      - left. apply ln_lt_inv; try assumption. apply exp_pos.
      - right. apply ln_inv; try assumption. apply exp_pos. }
    split; intros Hx; [apply Rmult_le_reg_l with (IZR n); lra|].
    apply (Rmult_le_compat_l (IZR n)) in Hx; lra. }
  split; [lia|]. split; [apply Hle; assumption|]. rewrite <- plus_IZR. apply Rnot_le_lt. intros H4.
  apply Hle in H4; [congruence|lia].
Qed.

Definition log_root (n : Z) (l : list factor) : R := sum_over l (fun f => IZR (power f) / IZR n * ln (real_factor f)).

Lemma reduced_is_sound : forall n l k r, reduced n l = Some (k, r) ->
  forallb is_factor l = true /\ (0 < k)%Z /\ (0 < over r)%Z /\ (0 < under r)%Z /\
  ln (IZR (over r)) - ln (IZR (under r)) + IZR (doublings r) * ln 2 = IZR k * log_root n l.
Proof.
  intros n l k r H. unfold reduced in H. set (d := divisor_of n l) in *. set (k' := (n / d)%Z) in *.
  destruct (Z.ltb_spec 0 d) as [Hd|]; [|discriminate]. destruct (Z.ltb_spec 0 k') as [Hk|]; [|discriminate].
  destruct (Z.eqb_spec n (d * k')) as [Hn|]; [|discriminate]. destruct (forallb is_factor l) eqn:Hf; [|discriminate].
  destruct (forallb (is_divided d) l) eqn:Hv; [|discriminate]. injection H as <- <-.
  assert (forallb is_factor (map (divided d) l) = true) as Hf'.
  { rewrite forallb_forall in *. intros f Hin. apply in_map_iff in Hin. destruct Hin as (f' & <- & Hin). apply (Hf f' Hin). }
  destruct (product_of_positive _ Hf') as [Ho Hu]. repeat (split; [assumption || reflexivity|]).
  rewrite product_of_log by exact Hf'. unfold log_root. rewrite sum_over_map, <- sum_over_scale. apply sum_over_ext. intros f Hin.
  rewrite forallb_forall in Hv. assert (E := Hv f Hin). unfold is_divided in E. apply Z.eqb_eq in E.
  change (real_factor (divided d f)) with (real_factor f). change (power (divided d f)) with (power f / d)%Z.
  set (q := (power f / d)%Z) in *.
  apply IZR_lt in Hk. apply IZR_lt in Hd. apply (f_equal IZR) in Hn, E. rewrite mult_IZR in Hn, E. rewrite Hn, E. field. lra.
Qed.

Theorem rounded_is_sound : forall bits n l m s,
  (1 <= bits)%Z -> rounded bits n l = Some (m, s) -> rounded_down bits m s (real_root n l).
Proof.
  intros bits n l m s Hb H. unfold rounded in H. destruct (reduced n l) as [[k r]|] eqn:E; [|discriminate].
  destruct (reduced_is_sound n l k r E) as (_ & Hk & Ho & Hu & HL).
  destruct (proposed bits k r) as [m' s']. destruct (is_rounded bits k r m' s') eqn:Hr; [|discriminate]. injection H as -> ->.
  exact (is_rounded_log bits k r m s _ Hb Hk Ho Hu HL Hr).
Qed.

Theorem exact_is_sound : forall n l q, exact n l = Some q -> Q2R q = real_root n l.
Proof.
  intros n l q H. unfold exact in H. destruct (reduced n l) as [[k r]|] eqn:E; [|discriminate].
  destruct (reduced_is_sound n l k r E) as (_ & Hk & Ho & Hu & HL).
  destruct (_ <? longest)%Z; [|discriminate]. cbv zeta in H.
  set (a := if (0 <=? doublings r)%Z then _ else _) in H. set (b := if (0 <=? doublings r)%Z then under r else _) in H.
  set (x := floor_root k (a / Z.gcd a b)) in *. set (y := floor_root k (b / Z.gcd a b)) in *.
  destruct (Z.ltb_spec 0 x) as [Hx|]; [|discriminate]. destruct (Z.ltb_spec 0 y) as [Hy|]; [|discriminate].
  destruct (Z.eqb_spec (x ^ k * b) (y ^ k * a)) as [Hxy|]; [|discriminate]. injection H as <-.
  assert ((0 < a)%Z /\ (0 < b)%Z /\ ln (IZR a) - ln (IZR b) = ln (IZR (over r)) - ln (IZR (under r)) + IZR (doublings r) * ln 2) as (Ha & Hb & Hab).
  { unfold a, b. destruct (Z.leb_spec 0 (doublings r)) as [Hs|Hs]; rewrite Z.shiftl_mul_pow2 by lia.
    - split; [apply Z.mul_pos_pos; [exact Ho|apply Z.pow_pos_nonneg; lia]|]. split; [exact Hu|].
      destruct (log_of_power 2 (doublings r) ltac:(lia) Hs) as [_ E2].
      rewrite log_of_product, E2 by (try exact Ho; apply Z.pow_pos_nonneg; lia). ring.
    - split; [exact Ho|]. split; [apply Z.mul_pos_pos; [exact Hu|apply Z.pow_pos_nonneg; lia]|].
      destruct (log_of_power 2 (- doublings r) ltac:(lia) ltac:(lia)) as [_ E2].
      rewrite log_of_product, E2, opp_IZR by (try exact Hu; apply Z.pow_pos_nonneg; lia). ring. }
  destruct (log_of_power x k Hx ltac:(lia)) as [_ Ex]. destruct (log_of_power y k Hy ltac:(lia)) as [_ Ey].
  apply (f_equal (fun z => ln (IZR z))) in Hxy.
  rewrite !log_of_product, Ex, Ey in Hxy by (try assumption; apply Z.pow_pos_nonneg; lia).
  assert (0 < IZR k) by (apply IZR_lt; exact Hk). apply IZR_lt in Hx. assert (Hy' := Hy). apply IZR_lt in Hy.
  assert (ln (IZR x) - ln (IZR y) = log_root n l) as HE.
  { apply Rmult_eq_reg_l with (IZR k); [|lra]. rewrite <- HL, <- Hab. lra. }
  unfold Q2R. simpl. rewrite Z2Pos.id by exact Hy'. unfold real_root. fold (log_root n l). rewrite <- HE.
  assert (0 < / IZR y) by (apply Rinv_0_lt_compat; exact Hy).
  unfold Rminus. rewrite exp_plus, exp_Ropp, !exp_ln by assumption. reflexivity.
Qed.
