(* What the checker of energy certificates (energy_checker.v) accepts is true. *)

From Coq Require Import Reals ZArith QArith Qreals List Arith FMapPositive Bool Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_attained energy_rounding energy_evaluation.
From Synbal Require Import energy_intervals rounded_powers energy_checker.
Import ListNotations.
Open Scope R_scope.

(** Tables and lists *)

Lemma numbered_find : forall {T} (l : list T) k m p,
  PositiveMap.find p (numbered k l m) =
  if (p <? k)%positive then PositiveMap.find p m
  else match nth_error l (Pos.to_nat p - Pos.to_nat k) with Some x => Some x | None => PositiveMap.find p m end.
Proof.
  intros T. induction l as [|x l IH]; intros k m p; simpl.
  - destruct (p <? k)%positive; [reflexivity|]. destruct (Pos.to_nat p - Pos.to_nat k)%nat; reflexivity.
  - rewrite IH. destruct (Pos.ltb_spec p (Pos.succ k)) as [H1|H1]; destruct (Pos.ltb_spec p k) as [H2|H2].
    + rewrite PositiveMap.gso by lia. reflexivity.
    + assert (p = k) as -> by lia. rewrite PositiveMap.gss, Nat.sub_diag. reflexivity.
    + lia.
    + rewrite PositiveMap.gso by lia. replace (Pos.to_nat p - Pos.to_nat k)%nat with (S (Pos.to_nat p - Pos.to_nat (Pos.succ k))) by lia.
      reflexivity.
Qed.

Lemma table_find : forall {T} (l : list T) p, PositiveMap.find p (table l) = nth_error l (pred (Pos.to_nat p)).
Proof.
  intros T l p. unfold table. rewrite numbered_find, PositiveMap.gempty.
  destruct (Pos.ltb_spec p 1); [lia|]. replace (Pos.to_nat p - Pos.to_nat 1)%nat with (pred (Pos.to_nat p)) by lia.
  destruct (nth_error l _); reflexivity.
Qed.

Lemma all_some_each : forall {S T} (f : S -> option T) l found, all_some f l = Some found ->
  length found = length l /\ forall e, nth_error found e = match nth_error l e with Some x => f x | None => None end.
Proof.
  intros S T f. induction l as [|x l IH]; intros found H; simpl in H.
  - injection H as <-. split; [reflexivity|]. intros [|e]; reflexivity.
  - destruct (f x) as [y|] eqn:E; [|discriminate]. destruct (all_some f l) as [rest|]; [|discriminate].
    injection H as <-. destruct (IH rest eq_refl) as [Hl He]. split; [simpl; congruence|].
    intros [|e]; simpl; [congruence|apply He].
Qed.

Lemma sum_over_seq : forall {T} (l : list T) d f, sum_over (seq 0 (length l)) (fun e => f (nth e l d)) = sum_over l f.
Proof.
  intros T l d f. induction l as [|x l IH]; [reflexivity|]. cbn [length seq sum_over]. rewrite <- IH, <- seq_shift, sum_over_map.
  reflexivity.
Qed.

Lemma IZR_fold : forall {T} (l : list T) (f : T -> Z),
  IZR (fold_right (fun r s => (f r + s)%Z) 0%Z l) = sum_over l (fun r => IZR (f r)).
Proof. intros T l f. induction l as [|r l IH]; simpl; [reflexivity|]. rewrite plus_IZR, IH. reflexivity. Qed.

(** Forms *)

Lemma place_of : forall p v, (p = Pos.of_succ_nat v) <-> v = pred (Pos.to_nat p).
Proof.
  intros p v. split; [intros ->; rewrite SuccNat2Pos.id_succ; reflexivity|].
  intros ->. apply Pos2Nat.inj. rewrite SuccNat2Pos.id_succ. lia.
Qed.

Lemma exponent_in_app : forall f g v, exponent_in (f ++ g) v = (exponent_in f v + exponent_in g v)%Z.
Proof.
  induction f as [|entry f IH]; intros g v; simpl; [reflexivity|]. rewrite IH. destruct (_ =? _)%positive; lia.
Qed.

Lemma form_is_product : forall c f l,
  all_some (form_factor (table (point c))) f = Some l ->
  real_root (common c) l =
  product (length (point c)) (fun v => Rpower (real_multiplier c v) (IZR (exponent_in f v) / IZR (common c))).
Proof.
  intros c f l H. rewrite product_of_powers. unfold real_root. f_equal. revert l H.
  induction f as [|entry f IH]; intros l H; simpl in H.
  - injection H as <-. simpl. symmetry. apply sum_zero. intros v _. unfold Rdiv. ring.
  - destruct (form_factor _ entry) as [x|] eqn:Ex; [|discriminate].
    destruct (all_some _ f) as [rest|] eqn:Er; [|discriminate]. injection H as <-.
    unfold form_factor in Ex. rewrite table_find in Ex. set (u := pred (Pos.to_nat (fst entry))) in *.
    destruct (nth_error (point c) u) as [[m s]|] eqn:En; [|discriminate]. injection Ex as <-.
    assert (u < length (point c))%nat as Hu by (apply nth_error_Some; congruence).
    cbn [sum_over]. assert (real_factor (Factor m 1 s (snd entry)) = real_multiplier c u) as ->.
    { unfold real_factor, real_multiplier. rewrite (nth_error_nth _ _ _ En). simpl. field. }
    cbn [power]. rewrite (IH rest eq_refl).
    rewrite (sum_ext _ (fun v => IZR (exponent_in (entry :: f) v) / IZR (common c) * ln (real_multiplier c v))
      (fun v => IZR (snd entry) / IZR (common c) * ln (real_multiplier c v) * one_at u v
        + IZR (exponent_in f v) / IZR (common c) * ln (real_multiplier c v))).
    + rewrite sum_plus, sum_one_at by exact Hu. reflexivity.
    + intros v _. simpl. unfold one_at. destruct (Pos.eqb_spec (fst entry) (Pos.of_succ_nat v)) as [E|E].
      * apply place_of in E. fold u in E. rewrite E, Nat.eqb_refl, plus_IZR. unfold Rdiv. ring.
      * destruct (Nat.eqb_spec v u) as [E'|E']; [exfalso; apply E; apply place_of; exact E'|ring].
Qed.

(** One term *)

Lemma rounded_factors : forall bits n l m s, rounded bits n l = Some (m, s) -> forallb is_factor l = true.
Proof.
  intros bits n l m s H. unfold rounded in H. destruct (reduced n l) as [[k r]|] eqn:E; [|discriminate].
  apply (reduced_is_sound n l k r E).
Qed.

Lemma base_is_root : forall t, forallb is_factor (cost_factors t) = true ->
  0 < real_base t /\ real_root (Zpos (Qden (degree t))) (cost_factors t) = real_base t.
Proof.
  intros t H. unfold cost_factors in H. simpl in H. rewrite !andb_true_iff in H. destruct H as (H1 & H2 & _).
  apply is_factor_positive in H1. apply is_factor_positive in H2. simpl in H1, H2.
  destruct H1 as [H1 _]. destruct H2 as [H2 _]. apply IZR_lt in H1. apply IZR_lt in H2.
  assert (forall q, 0 < IZR (Qnum q) -> 0 < Q2R q /\ IZR (Qnum q) / IZR (Zpos (Qden q)) * two 0 = Q2R q) as Hq.
  { intros q Hq. assert (0 < IZR (Zpos (Qden q))) by (apply IZR_lt; lia). unfold Q2R, Rdiv. rewrite two_zero.
    split; [apply Rmult_lt_0_compat; [exact Hq|apply Rinv_0_lt_compat; assumption]|ring]. }
  destruct (Hq _ H1) as [P1 E1]. destruct (Hq _ H2) as [P2 E2].
  split; [apply Rmult_lt_0_compat; [exact P1|apply exp_pos]|].
  assert (0 < IZR (Zpos (Qden (degree t)))) by (apply IZR_lt; lia).
  unfold real_root, cost_factors, real_base, Rpower. cbn [sum_over real_factor top bottom binary power].
  unfold real_factor. cbn [top bottom binary power]. rewrite E1, E2, exp_plus. f_equal.
  - unfold Rdiv. rewrite Rinv_r, Rmult_1_l by lra. apply exp_ln. exact P1.
  - f_equal. unfold Q2R at 2, Rdiv. ring.
Qed.

(** What flows sum up to at each variable *)

Lemma value_after_entries : forall y f m v,
  value_at (fold_left (add_entry y) f m) (Pos.of_succ_nat v) = (value_at m (Pos.of_succ_nat v) + exponent_in f v * y)%Z.
Proof.
  intros y. induction f as [|entry f IH]; intros m v; simpl; [lia|]. rewrite IH. unfold add_entry at 1, value_at at 1.
  destruct (Pos.eqb_spec (fst entry) (Pos.of_succ_nat v)) as [E|E].
  - rewrite E, PositiveMap.gss. lia.
  - rewrite PositiveMap.gso by congruence. fold (value_at m (Pos.of_succ_nat v)). lia.
Qed.

Lemma value_after_readings : forall rs m v,
  value_at (fold_left add_reading rs m) (Pos.of_succ_nat v)
  = (value_at m (Pos.of_succ_nat v) + fold_right (fun r s => flow_number r * exponent_in (adds r) v + s) 0 rs)%Z.
Proof.
  induction rs as [|r rs IH]; intros m v; simpl; [lia|]. rewrite IH. unfold add_reading. rewrite value_after_entries. lia.
Qed.

Section Readings.

Variables (c : energy_claim) (l : list reading).
Hypothesis Hread : read_all c = Some l.

Let Q := real_powers c.
Let mu := real_multiplier c.
Let bits := significant c.
Let g := two (- grid_places c).

Definition no_reading : reading := Reading 0 1 0 [].

Definition reading_of (e : nat) : reading := nth e l no_reading.

(* The lower end of a cost, on the grid, and by how much the upper end is larger. *)
Definition low_units (r : reading) : R := IZR (low_mantissa r) * two (low_shift r).
Definition widening : R := (1 + two (1 - bits)) ^ 3.
Definition flow_units (r : reading) : R := IZR (flow_number r) / IZR (flow_divisor c).

Lemma read_facts :
  (8 <= bits)%Z /\ (0 < common c)%Z /\ (0 < flow_divisor c)%Z /\ (forall number, In number (point c) -> (0 < fst number)%Z) /\
  exists products, all_some (read_form c (table (point c))) (forms c) = Some products /\
    all_some (read_term c (table products)) (terms c) = Some l.
Proof.
  unfold read_all in Hread.
  destruct (Z.leb_spec 8 (significant c)); [|discriminate]. destruct (significant c <=? 4096)%Z; [|discriminate].
  destruct (_ <=? 16384)%Z; [|discriminate]. destruct (Z.ltb_spec 0 (common c)); [|discriminate].
  destruct (Z.ltb_spec 0 (flow_divisor c)); [|discriminate]. destruct (forallb _ (point c)) eqn:Hp; [|discriminate].
  destruct (all_some _ (forms c)) as [products|] eqn:Hf; [|discriminate].
  split; [assumption|]. split; [assumption|]. split; [assumption|]. split.
  - intros number Hin. rewrite forallb_forall in Hp. apply Z.ltb_lt. apply Hp. exact Hin.
  - exists products. auto.
Qed.

Lemma multipliers_positive : forall v, 0 < mu v.
Proof.
  intros v. unfold mu, real_multiplier. destruct read_facts as (_ & _ & _ & Hp & _).
  destruct (Nat.lt_ge_cases v (length (point c))) as [Hv|Hv].
  - specialize (Hp _ (nth_In (point c) (1%Z, 0%Z) Hv)). destruct (nth v (point c) _) as [m s]. simpl in Hp.
    apply Rmult_lt_0_compat; [apply IZR_lt; exact Hp|apply two_positive].
  - rewrite nth_overflow by exact Hv. rewrite two_zero. lra.
Qed.

Lemma number_of_readings : length l = length (terms c).
Proof. destruct read_facts as (_ & _ & _ & _ & products & _ & H). apply (all_some_each _ _ _ H). Qed.

Lemma form_product : forall products k f m s,
  all_some (read_form c (table (point c))) (forms c) = Some products ->
  PositiveMap.find k (table products) = Some (f, (m, s)) ->
  f = form_at c k /\ rounded_down bits m s
    (product (length (point c)) (fun v => Rpower (mu v) (IZR (exponent_in (form_at c k) v) / IZR (common c)))).
Proof.
  intros products k f m s Hp Hk. rewrite table_find in Hk. destruct (all_some_each _ _ _ Hp) as [_ Hn].
  rewrite Hn in Hk. destruct (nth_error (forms c) (pred (Pos.to_nat k))) as [f'|] eqn:E; [|discriminate].
  assert (form_at c k = f') as Ef by (unfold form_at; apply nth_error_nth; exact E).
  unfold read_form in Hk. destruct (all_some (form_factor _) f') as [l'|] eqn:Ea; [|discriminate].
  destruct (rounded (significant c) (common c) l') as [[m' s']|] eqn:Er; [|discriminate]. injection Hk as -> -> ->.
  split; [congruence|]. unfold mu. rewrite Ef, <- (form_is_product c f l' Ea).
  apply rounded_is_sound; [|exact Er]. destruct read_facts as (H & _). unfold bits in H. lia.
Qed.

Lemma term_facts : forall e, In e (listed Q) ->
  let r := reading_of e in
  In r l /\ 0 < base Q e /\ (0 < low_mantissa r)%Z /\ (0 <= flow_number r)%Z /\
  (forall v, exponent_in (adds r) v = (target_form Q e v + source_form Q e v)%Z) /\
  low_units r * g <= cost_of Q mu e <= low_units r * g * widening.
Proof.
  intros e He r. unfold Q, real_powers in He. simpl in He. apply in_seq in He.
  destruct read_facts as (Hb & _ & _ & _ & products & Hp & Ht). destruct (all_some_each _ _ _ Ht) as [Hlen Hn].
  assert (e < length l)%nat as Hel by lia.
  assert (nth_error l e = Some r) as Er by (apply nth_error_nth'; exact Hel).
  split; [apply nth_error_In with e; exact Er|]. rewrite Hn in Er.
  destruct (nth_error (terms c) e) as [t|] eqn:Et; [|discriminate].
  assert (term_of c e = t) as Eterm by (apply nth_error_nth; exact Et).
  unfold read_term in Er.
  destruct (rounded _ _ (cost_factors t)) as [[m0 s0]|] eqn:E0; [|discriminate].
  destruct (PositiveMap.find (target t) _) as [[f1 [m1 s1]]|] eqn:E1; [|discriminate].
  destruct (PositiveMap.find (source t) _) as [[f2 [m2 s2]]|] eqn:E2; [|discriminate].
  cbv zeta in Er. destruct (_ <? longest)%Z; [|discriminate].
  set (y := match exceptional t with Some y => y | None => _ end) in Er.
  destruct (Z.leb_spec 0 y) as [Hy|]; [|discriminate]. injection Er as Er.
  destruct (form_product _ _ _ _ _ Hp E1) as [F1 R1]. destruct (form_product _ _ _ _ _ Hp E2) as [F2 R2].
  destruct (base_is_root t (rounded_factors _ _ _ _ _ E0)) as [Hbase Eroot].
  apply rounded_is_sound in E0; [|unfold bits in Hb; lia]. rewrite Eroot in E0.
  assert (1 <= bits)%Z as Hb1 by lia.
  assert (forall m s x, rounded_down bits m s x -> (0 < m)%Z) as Hpos.
  { intros m s x [[Hm _] _]. assert (0 < 2 ^ (bits - 1))%Z by (apply Z.pow_pos_nonneg; lia). lia. }
  assert (0 < m0)%Z by exact (Hpos _ _ _ E0). assert (0 < m1)%Z by exact (Hpos _ _ _ R1). assert (0 < m2)%Z by exact (Hpos _ _ _ R2).
  apply rounded_down_relative in E0; [|exact Hb1]. apply rounded_down_relative in R1; [|exact Hb1].
  apply rounded_down_relative in R2; [|exact Hb1]. fold bits in E0.
  rewrite <- Er. cbn [low_mantissa flow_number adds].
  split; [unfold Q; simpl; rewrite Eterm; exact Hbase|].
  split; [repeat apply Z.mul_pos_pos; assumption|]. split; [exact Hy|]. split.
  - intros v. rewrite exponent_in_app, F1, F2. unfold Q. simpl. rewrite Eterm. reflexivity.
  - assert (low_units (Reading y (m0 * m1 * m2) (s0 + s1 + s2 + grid_places c) (f1 ++ f2)) * g
      = IZR m0 * two s0 * (IZR m1 * two s1) * (IZR m2 * two s2)) as E.
    { unfold low_units, g. cbn [low_mantissa low_shift]. rewrite !mult_IZR, !two_plus.
      assert (two (grid_places c) * two (- grid_places c) = 1) as E by (rewrite <- two_plus, Z.add_opp_diag_r; reflexivity).
      transitivity (IZR m0 * IZR m1 * IZR m2 * (two s0 * two s1 * two s2) * (two (grid_places c) * two (- grid_places c))); [ring|].
      rewrite E. ring. }
    rewrite E. assert (H3 := product_of_three _ _ _ _ _ _ (two (1 - bits)) (Rlt_le _ _ (two_positive _))
      (proj1 E0) (proj1 R1) (proj1 R2) (proj2 E0) (proj2 R1) (proj2 R2)).
    replace (1 + ((1 + two (1 - bits)) ^ 3 - 1)) with widening in H3 by (unfold widening; ring).
    unfold cost_of, power_product, Q. simpl. rewrite Eterm. exact H3.
Qed.

Definition flow_at (e : nat) : R := flow_units (reading_of e) * g.

Lemma circulates_here : conserved l = true -> circulates (powers_of Q) flow_at.
Proof.
  intros H v Hv. destruct read_facts as (_ & Hc & Hd & _). apply IZR_lt in Hc. apply IZR_lt in Hd.
  assert (fold_right (fun r s => flow_number r * exponent_in (adds r) v + s)%Z 0%Z l = 0%Z) as Hz.
  { assert (Hv' := value_after_readings l (PositiveMap.empty Z) v). unfold value_at in Hv' at 2. rewrite PositiveMap.gempty in Hv'.
    rewrite Z.add_0_l in Hv'. rewrite <- Hv'. unfold value_at.
    destruct (PositiveMap.find _ _) as [x|] eqn:E; [|reflexivity]. apply PositiveMap.elements_correct in E.
    unfold conserved in H. rewrite forallb_forall in H. specialize (H _ E). apply Z.eqb_eq in H. exact H. }
  apply (f_equal IZR) in Hz. rewrite IZR_fold in Hz. rewrite <- (sum_over_seq l no_reading) in Hz. rewrite number_of_readings in Hz.
  transitivity (g / IZR (flow_divisor c) / IZR (common c) * 0); [|ring]. rewrite <- Hz, <- sum_over_scale.
  apply sum_over_ext. intros e He. destruct (term_facts e He) as (_ & _ & _ & _ & Ha & _).
  unfold flow_at, flow_units, reading_of in *. simpl. rewrite mult_IZR, (Ha v). simpl. field. lra.
Qed.

(** The gap *)

Lemma divide_up_above : forall a b, (0 < b)%Z -> IZR a / IZR b <= IZR (divide_up a b).
Proof.
  intros a b Hb. assert (H := Z.mul_div_le (- a) b Hb). apply IZR_le in H. rewrite mult_IZR, opp_IZR in H. apply IZR_lt in Hb.
  unfold divide_up. rewrite opp_IZR. apply Rmult_le_reg_r with (IZR b); [exact Hb|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma excess_above : forall places n q a b, (0 <= places)%Z -> (0 < q)%Z -> (0 < a)%Z -> (0 < b)%Z ->
  gap_of (IZR n / IZR q) (IZR a / IZR b) * two places <= IZR (excess_up places n q a b).
Proof.
  intros places n q a b Hp Hq Ha Hb. unfold excess_up.
  assert (0 < q * q * b * a)%Z as Hpos by (repeat apply Z.mul_pos_pos; assumption).
  apply Rle_trans with (2 := divide_up_above _ _ Hpos). right. rewrite Z.shiftl_mul_pow2 by exact Hp.
  apply IZR_lt in Hq. apply IZR_lt in Ha. apply IZR_lt in Hb.
  rewrite !mult_IZR, minus_IZR, !mult_IZR, <- two_of_integer by exact Hp. unfold gap_of. field. lra.
Qed.

Lemma ends_real : forall r, (0 < low_mantissa r)%Z ->
  (0 < end_over r)%Z /\ (0 < end_under r)%Z /\ IZR (end_over r) / IZR (end_under r) = low_units r.
Proof.
  intros r Hm. unfold end_over, end_under, low_units. destruct (Z.leb_spec 0 (low_shift r)) as [Hs|Hs].
  - rewrite Z.shiftl_mul_pow2 by exact Hs. split; [apply Z.mul_pos_pos; [exact Hm|apply Z.pow_pos_nonneg; lia]|].
    split; [lia|]. rewrite mult_IZR, <- two_of_integer by exact Hs. field.
  - rewrite Z.shiftl_1_l. split; [exact Hm|]. split; [apply Z.pow_pos_nonneg; lia|].
    rewrite <- two_of_integer by lia. assert (two (low_shift r) * two (- low_shift r) = 1) as E.
    { rewrite <- two_plus, Z.add_opp_diag_r. reflexivity. }
    assert (H := two_positive (- low_shift r)). apply Rmult_eq_reg_r with (two (- low_shift r)); [|lra].
    rewrite Rmult_assoc, E. field. lra.
Qed.

Lemma widening_real : (0 < upper_over bits)%Z /\ (0 < upper_under bits)%Z /\ IZR (upper_over bits) / IZR (upper_under bits) = widening.
Proof.
  destruct read_facts as (Hb & _). unfold upper_over, upper_under. rewrite !Z.shiftl_1_l.
  assert (0 < 2 ^ (bits - 1))%Z by (apply Z.pow_pos_nonneg; lia).
  split; [apply Z.pow_pos_nonneg; lia|]. split; [apply Z.pow_pos_nonneg; lia|].
  replace (3 * (bits - 1))%Z with (bits - 1 + (bits - 1) + (bits - 1))%Z by ring. rewrite !Z.pow_add_r by lia.
  replace ((2 ^ (bits - 1) + 1) ^ 3)%Z with ((2 ^ (bits - 1) + 1) * (2 ^ (bits - 1) + 1) * (2 ^ (bits - 1) + 1))%Z by ring.
  rewrite !mult_IZR, !plus_IZR, <- two_of_integer by lia. unfold widening.
  assert (two (1 - bits) * two (bits - 1) = 1) as E.
  { rewrite <- two_plus. replace (1 - bits + (bits - 1))%Z with 0%Z by ring. reflexivity. }
  assert (H1 := two_positive (bits - 1)). set (a := two (bits - 1)) in *.
  replace (two (1 - bits)) with (/ a) by (apply Rmult_eq_reg_r with a; [rewrite Rinv_l; lra|lra]). field. lra.
Qed.

Lemma widening_large : 1 <= widening.
Proof. unfold widening. assert (H := two_positive (1 - bits)). rewrite <- (pow1 3) at 1. apply pow_incr. lra. Qed.

Definition unit_gap (r : reading) : R := Rmax (gap_of (flow_units r) (low_units r)) (gap_of (flow_units r) (low_units r * widening)).

Lemma contribution_above : forall r places, (0 <= places)%Z -> (0 < low_mantissa r)%Z -> (0 <= flow_number r)%Z ->
  unit_gap r * two places <= IZR (contribution bits places (flow_divisor c) r).
Proof.
  intros r places Hp Hm Hy. destruct read_facts as (_ & _ & Hd & _).
  destruct widening_real as (Hu & Hv & Ew). assert (Hw := widening_large). assert (Ht := two_positive places).
  assert (forall s, (0 < end_over s)%Z -> (0 < end_under s)%Z ->
    IZR (end_over s * upper_over bits) / IZR (end_under s * upper_under bits) = IZR (end_over s) / IZR (end_under s) * widening) as Eu.
  { intros s H1 H2. rewrite <- Ew, !mult_IZR. apply IZR_lt in H1. apply IZR_lt in H2. apply IZR_lt in Hu. apply IZR_lt in Hv.
    field. lra. }
  unfold contribution, raised, unit_gap. destruct (Z.eqb_spec (flow_number r) 0) as [E0|E0].
  - set (r' := Reading 0 (low_mantissa r) (Z.max (low_shift r) coarsest) (adds r)).
    destruct (ends_real r' Hm) as (Ha & Hb & El). specialize (Eu r' Ha Hb).
    assert (0 < end_under r' * upper_under bits)%Z as Hub by (apply Z.mul_pos_pos; assumption).
    apply Rle_trans with (2 := divide_up_above _ _ Hub).
    rewrite Z.shiftl_mul_pow2 by exact Hp. rewrite (mult_IZR _ (2 ^ places)), <- two_of_integer by exact Hp.
    replace (IZR (end_over r' * upper_over bits) * two places / IZR (end_under r' * upper_under bits))
      with (IZR (end_over r' * upper_over bits) / IZR (end_under r' * upper_under bits) * two places) by (unfold Rdiv; ring).
    apply Rmult_le_compat_r; [lra|]. rewrite Eu, El.
    assert (0 < IZR (low_mantissa r)) as Hm' by (apply IZR_lt; exact Hm).
    assert (low_units r <= low_units r') as Hle.
    { unfold low_units, r'. cbn [low_mantissa low_shift]. apply Rmult_le_compat_l; [lra|].
      replace (Z.max (low_shift r) coarsest) with (low_shift r + (Z.max (low_shift r) coarsest - low_shift r))%Z by ring.
      rewrite two_plus, (two_of_integer (_ - _)) by lia. assert (H := two_positive (low_shift r)).
      assert (1 <= IZR (2 ^ (Z.max (low_shift r) coarsest - low_shift r))); [|nra]. apply IZR_le.
      assert (0 < 2 ^ (Z.max (low_shift r) coarsest - low_shift r))%Z by (apply Z.pow_pos_nonneg; lia). lia. }
    assert (0 < low_units r) as Hlow by (apply Rmult_lt_0_compat; [exact Hm'|apply two_positive]).
    unfold flow_units. rewrite E0. unfold Rdiv. rewrite Rmult_0_l. rewrite !gap_of_zero by nra.
    apply Rmax_lub; nra.
  - destruct (ends_real r Hm) as (Ha & Hb & El). specialize (Eu r Ha Hb).
    rewrite <- El at 1. rewrite <- El, <- Eu. unfold flow_units.
    apply Rle_trans with (Rmax (gap_of (IZR (flow_number r) / IZR (flow_divisor c)) (IZR (end_over r) / IZR (end_under r)) * two places)
      (gap_of (IZR (flow_number r) / IZR (flow_divisor c)) (IZR (end_over r * upper_over bits) / IZR (end_under r * upper_under bits)) * two places)).
    + rewrite Rmult_comm, <- RmaxRmult by lra. right. f_equal; ring.
    + apply Rmax_lub.
      * apply Rle_trans with (1 := excess_above places _ _ _ _ Hp Hd Ha Hb). apply IZR_le. apply Z.le_max_l.
      * apply Rle_trans with (1 := excess_above places _ _ _ _ Hp Hd (Z.mul_pos_pos _ _ Ha Hu) (Z.mul_pos_pos _ _ Hb Hv)).
        apply IZR_le. apply Z.le_max_r.
Qed.

Let places := places_of bits.
Let gap_found := total_gap c l.

Definition gap_here : R := IZR (total_gap c l) * two (- (places_of bits + grid_places c)).

Definition low_at (e : nat) : R := low_units (reading_of e) * g.
Definition high_at (e : nat) : R := low_units (reading_of e) * g * widening.

Lemma places_nonneg : (0 <= places)%Z.
Proof. unfold places, places_of. lia. Qed.

Lemma ends_here : forall e, In e (listed Q) ->
  0 <= flow_at e /\ 0 < low_at e <= cost_of Q mu e /\ cost_of Q mu e <= high_at e.
Proof.
  intros e He. destruct (term_facts e He) as (_ & _ & Hm & Hy & _ & Hl & Hh). assert (Hg := two_positive (- grid_places c)).
  destruct read_facts as (_ & _ & Hd & _). apply IZR_lt in Hd. apply IZR_lt in Hm. apply IZR_le in Hy.
  assert (0 < / IZR (flow_divisor c)) by (apply Rinv_0_lt_compat; exact Hd).
  split; [|split; [split; [|exact Hl]|exact Hh]].
  - unfold flow_at, flow_units, g, Rdiv. apply Rmult_le_pos; [apply Rmult_le_pos|]; lra.
  - unfold low_at, low_units, g. repeat apply Rmult_lt_0_compat; try assumption; apply two_positive.
Qed.

Lemma gap_of_scaled : forall k y w, 0 < k -> w <> 0 -> gap_of (y * k) (w * k) = k * gap_of y w.
Proof. intros k y w Hk Hw. unfold gap_of. field. lra. Qed.

Lemma gap_is_summed : sum_over (listed Q) (fun e => Rmax (gap_of (flow_at e) (low_at e)) (gap_of (flow_at e) (high_at e))) <= gap_here.
Proof.
  assert (Hg := two_positive (- grid_places c)). fold g in Hg.
  assert (gap_here = g * (two (- places) * sum_over l (fun r => IZR (contribution bits places (flow_divisor c) r)))) as ->.
  { unfold gap_here, total_gap. rewrite IZR_fold, Z.opp_add_distr, two_plus. unfold g, places, bits. ring. }
  rewrite <- (sum_over_seq l no_reading), number_of_readings, <- !sum_over_scale.
  apply sum_over_le. intros e He. destruct (term_facts e He) as (_ & _ & Hm & Hy & _).
  assert (H := contribution_above (reading_of e) places places_nonneg Hm Hy).
  assert (Hw := widening_large). apply IZR_lt in Hm.
  assert (0 < low_units (reading_of e)) as Hl by (apply Rmult_lt_0_compat; [exact Hm|apply two_positive]).
  unfold flow_at, low_at, high_at.
  replace (low_units (reading_of e) * g * widening) with (low_units (reading_of e) * widening * g) by ring.
  assert (0 < low_units (reading_of e) * widening) by nra.
  rewrite !gap_of_scaled, RmaxRmult by lra. apply Rmult_le_compat_l; [lra|]. fold (unit_gap (reading_of e)).
  fold (reading_of e). assert (two (- places) * two places = 1) as E.
  { rewrite <- two_plus, Z.add_comm, Z.add_opp_diag_r. reflexivity. }
  replace (unit_gap (reading_of e)) with (two (- places) * (unit_gap (reading_of e) * two places))
    by (rewrite (Rmult_comm (unit_gap _)), <- Rmult_assoc, E; ring).
  apply Rmult_le_compat_l; [left; apply two_positive|exact H].
Qed.

(** Radii *)

Lemma gap_fits_real : forall k e, (0 <= k)%Z -> In e (listed Q) -> gap_fits k gap_found places (reading_of e) = true ->
  two k * gap_here <= low_at e.
Proof.
  intros k e Hk He H. unfold gap_fits in H. destruct (0 <? flow_number _)%Z; [|discriminate]. apply Z.leb_le in H.
  destruct (term_facts e He) as (_ & _ & Hm & _). destruct (ends_real _ Hm) as (Ha & Hb & El).
  rewrite !Z.shiftl_mul_pow2 in H by (try exact Hk; apply places_nonneg). apply IZR_le in H.
  rewrite !mult_IZR, <- !two_of_integer in H by (try exact Hk; apply places_nonneg).
  unfold low_at, gap_here. rewrite <- El, Z.opp_add_distr, two_plus. fold places gap_found g.
  assert (two (- places) * two places = 1) as E.
  { rewrite <- two_plus, Z.add_comm, Z.add_opp_diag_r. reflexivity. }
  assert (0 < g) by apply two_positive. assert (0 < two (- places)) by apply two_positive. apply IZR_lt in Hb.
  replace (two k * (IZR gap_found * (two (- places) * g))) with (two k * IZR gap_found * two (- places) * g) by ring.
  apply Rmult_le_compat_r; [lra|]. apply Rmult_le_reg_r with (IZR (end_under (reading_of e))); [exact Hb|].
  unfold Rdiv. rewrite (Rmult_assoc (IZR (end_over _))), Rinv_l, Rmult_1_r by lra.
  replace (IZR (end_over (reading_of e))) with (IZR (end_over (reading_of e)) * two places * two (- places))
    by (rewrite Rmult_assoc, (Rmult_comm (two places)), E; ring).
  replace (two k * IZR gap_found * two (- places) * IZR (end_under (reading_of e)))
    with (IZR gap_found * IZR (end_under (reading_of e)) * two k * two (- places)) by ring.
  apply Rmult_le_compat_r; lra.
Qed.

Definition radius_here : R := match radius_found gap_found places l with Some k => two (- k) | None => 0 end.

Lemma radius_here_passes : forall e, In e (listed Q) -> gap_fits 4 gap_found places (reading_of e) = true ->
  radius_passes gap_here (low_at e) radius_here.
Proof.
  intros e He H. right. unfold radius_here, radius_found. destruct (Z.eqb_spec gap_found 0) as [E0|_].
  - unfold gap_here. fold gap_found. rewrite E0, Rmult_0_l. destruct (ends_here e He) as (_ & Hl & _). split; [lra|nra].
  - assert (forall j, (1 <= j)%Z -> gap_fits (2 + 2 * j) gap_found places (reading_of e) = true ->
      0 <= two (- j) <= / 2 /\ 4 * gap_here <= two (- j) ^ 2 * low_at e) as Hone.
    { intros j Hj Hfit. apply gap_fits_real in Hfit; [|lia|exact He].
      replace (2 + 2 * j)%Z with (1 + 1 + (j + j))%Z in Hfit by ring. rewrite !two_plus in Hfit.
      replace (two 1) with 2 in Hfit by (unfold two; simpl; ring). assert (Hp := two_positive (- j)).
      assert (two j * two (- j) = 1) as E by (rewrite <- two_plus, Z.add_opp_diag_r; reflexivity).
      split.
      - split; [lra|]. replace (- j)%Z with (- (1) + (1 - j))%Z by ring. rewrite two_plus.
        assert (two (1 - j) <= 1); [|replace (two (- (1))) with (/ 2) by (unfold two; simpl; lra); lra].
        assert (two (1 - j) * two (j - 1) = 1) as E'.
        { rewrite <- two_plus. replace (1 - j + (j - 1))%Z with 0%Z by ring. reflexivity. }
        assert (1 <= two (j - 1)).
        { rewrite two_of_integer by lia. apply IZR_le. assert (0 < 2 ^ (j - 1))%Z by (apply Z.pow_pos_nonneg; lia). lia. }
        assert (0 < two (1 - j)) by apply two_positive. nra.
      - replace (4 * gap_here) with (two (- j) ^ 2 * (2 * 2 * (two j * two j) * gap_here)).
        + apply Rmult_le_compat_l; [apply pow2_ge_0|exact Hfit].
        + transitivity (2 * 2 * gap_here * ((two j * two (- j)) * (two j * two (- j)))); [ring|]. rewrite E. ring. }
    cbv zeta. destruct (Z.leb_spec 1 (radius_proposed gap_found places l)) as [Hj|Hj]; [|apply (Hone 1%Z); [lia|exact H]].
    destruct (forallb _ l) eqn:Hall; [|apply (Hone 1%Z); [lia|exact H]].
    apply Hone; [exact Hj|]. rewrite forallb_forall in Hall. destruct (term_facts e He) as (Hin & _).
    specialize (Hall _ Hin). unfold radius_fits in Hall. rewrite H in Hall. exact Hall.
Qed.

Lemma proper_here : proper Q.
Proof.
  split; [intros e He; apply (term_facts e He)|]. intros v _. simpl. apply read_facts.
Qed.

Lemma flows_positive : forallb (fun r => 0 <? flow_number r)%Z l = true -> forall e, In e (listed Q) -> 0 < flow_at e.
Proof.
  intros H e He. rewrite forallb_forall in H. destruct (term_facts e He) as (Hin & _). specialize (H _ Hin). apply Z.ltb_lt in H.
  destruct read_facts as (_ & _ & Hd & _). apply IZR_lt in Hd. apply IZR_lt in H.
  apply Rmult_lt_0_compat; [|apply two_positive]. apply Rdiv_lt_0_compat; assumption.
Qed.

Lemma near_is_listed : forall e, nth e (map (gap_fits 4 gap_found places) l) false = true ->
  In e (listed Q) /\ gap_fits 4 gap_found places (reading_of e) = true.
Proof.
  intros e H. destruct (Nat.lt_ge_cases e (length l)) as [He|He].
  - split; [simpl; apply in_seq; rewrite <- number_of_readings; lia|].
    rewrite (nth_indep _ _ (gap_fits 4 gap_found places no_reading)) in H by (rewrite map_length; exact He).
    rewrite map_nth in H. exact H.
  - rewrite nth_overflow in H by (rewrite map_length; exact He). discriminate.
Qed.

End Readings.

(** What a judgement says *)

(* Of the problem itself. *)
Definition shown (c : energy_claim) (j : judgement) : Prop :=
  let Q := real_powers c in
  let mu := real_multiplier c in
  proper Q /\ positive Q mu /\
  (forall mu', positive Q mu' -> regularizer_of Q mu - regularizer_of Q mu' <= gap_of_judgement j) /\
  (attained_here j = true -> exists best, minimal Q best) /\
  (forall best, balanced_at Q best <-> minimal Q best) /\
  (forall best e, balanced_at Q best -> nth e (near_terms j) false = true ->
     Rabs (ln (cost_of Q best e / cost_of Q mu e)) <= radius_of_judgement j).

(* Of the limit, where the minimum is not attained; where it is, of the minimum. *)
Definition shown_in_the_limit (c : energy_claim) (j : judgement) : Prop :=
  let Q := real_powers c in
  let mu := real_multiplier c in
  exists keep best,
    (forall e, In e (listed Q) -> (keep e = true <-> on_circulation (powers_of Q) e)) /\
    balanced_at (kept_problem Q keep) best /\
    (forall mu', positive Q mu' -> regularizer_of (kept_problem Q keep) best <= regularizer_of Q mu') /\
    (forall a, 0 < a -> exists mu', positive Q mu' /\ regularizer_of Q mu' <= regularizer_of (kept_problem Q keep) best + a) /\
    regularizer_of Q mu - regularizer_of (kept_problem Q keep) best <= gap_of_judgement j /\
    forall e, nth e (near_terms j) false = true ->
      keep e = true /\ Rabs (ln (cost_of Q best e / cost_of Q mu e)) <= radius_of_judgement j.

Theorem energy_checker_is_sound : forall c j, judged c = Some j -> shown c j /\ shown_in_the_limit c j.
Proof.
  intros c j H. unfold judged in H. destruct (read_all c) as [l|] eqn:Hr; [|discriminate].
  destruct (conserved l) eqn:Hc; [|discriminate]. cbv zeta in H. injection H as <-.
  assert (HQ := proper_here c l Hr). assert (Hmu := multipliers_positive c l Hr).
  assert (Hflow := circulates_here c l Hr Hc). assert (Hends := ends_here c l Hr). assert (Hgap := gap_is_summed c l Hr).
  assert (positive (real_powers c) (real_multiplier c)) as Hpos by (intros v _; apply Hmu).
  destruct (certificate_of_intervals _ _ _ _ _ _ HQ Hflow Hends Hgap) as (H1 & H2 & H3 & H4).
  assert (NoDup (listed (real_powers c))) as Hnd by apply seq_NoDup.
  split.
  - split; [exact HQ|]. split; [exact Hpos|]. split; [exact H1|]. split; [|split; [exact H2|]].
    + intros Ha. apply H4; [exact Hnd|]. exact (flows_positive c l Hr Ha).
    + intros best e Hb He. destruct (near_is_listed c l Hr e He) as [Hin Hfit].
      apply (H3 best e (radius_here c l) Hb Hin). apply radius_here_passes; assumption.
  - destruct (limit_of_intervals _ _ _ _ _ _ HQ Hflow Hends Hgap Hnd) as (keep & best & K1 & K2 & K3 & K4 & K5 & K6).
    exists keep, best. split; [exact K1|]. split; [exact K2|]. split; [exact K3|]. split; [exact K4|]. split; [exact K5|].
    intros e He. destruct (near_is_listed c l Hr e He) as [Hin Hfit].
    destruct (K6 e (radius_here c l) Hin) as [Hk Hn]; [apply radius_here_passes; assumption|]. split; [exact Hk|apply Hn].
Qed.
