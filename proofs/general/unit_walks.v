(* The walk on the hidden units of a balanced network without cycles, with biases and skips: no eigenvalue is larger in absolute value than
   cos(π/(L+1)), L being the height, and one is equal exactly if in some component all units lie on layers 1, ..., L. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require Import finite_sums.
Open Scope R_scope.

(* n hidden units. cost i j is that of the synapse from j to i; into i and out_of i are what synapses from visible units and to visible
   units cost. *)
Definition input_cost (n : nat) (cost : nat -> nat -> R) (into : nat -> R) (i : nat) : R := into i + sum n (fun j => cost i j).
Definition output_cost (n : nat) (cost : nat -> nat -> R) (out_of : nat -> R) (i : nat) : R := out_of i + sum n (fun k => cost k i).

(* What a function of the units is worth after a step from i; the ground counts 0. *)
Definition walk (n : nat) (cost : nat -> nat -> R) (into out_of u : nat -> R) (i : nat) : R :=
  sum n (fun j => (cost i j + cost j i) * u j) / (input_cost n cost into i + output_cost n cost out_of i).

Section Heights.
Variables (n depth : nat) (cost : nat -> nat -> R) (into out_of : nat -> R) (height : nat -> nat).
Hypothesis heights : forall i, (i < n)%nat -> (1 <= height i <= depth)%nat.
Hypothesis rising : forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> (height j < height i)%nat.
Hypothesis nonnegative : forall i j, 0 <= cost i j /\ 0 <= into i /\ 0 <= out_of i.
Hypothesis balanced : forall i, (i < n)%nat -> input_cost n cost into i = output_cost n cost out_of i /\ 0 < input_cost n cost into i.

Let A := input_cost n cost into.
Let theta := PI / INR (S depth).
Let s (k : nat) : R := sin (INR k * theta).

Lemma theta_pos : 0 < theta. Proof. unfold theta. apply Rdiv_lt_0_compat; [apply PI_RGT_0|apply lt_0_INR; lia]. Qed.
Lemma theta_all : INR (S depth) * theta = PI. Proof. unfold theta. field. apply not_0_INR. lia. Qed.
Lemma angle_le : forall k, (k <= S depth)%nat -> 0 <= INR k * theta <= PI.
Proof.
  intros k Hk. assert (Ht := theta_pos). split; [apply Rmult_le_pos; [apply pos_INR|lra]|].
  rewrite <- theta_all. apply Rmult_le_compat_r; [lra|apply le_INR; exact Hk].
Qed.
Lemma s_nonneg : forall k, (k <= S depth)%nat -> 0 <= s k. Proof. intros k Hk. destruct (angle_le k Hk). apply sin_ge_0; assumption. Qed.
Lemma s_pos : forall k, (1 <= k <= depth)%nat -> 0 < s k.
Proof.
  intros k Hk. assert (Ht := theta_pos). apply sin_gt_0.
  - apply Rmult_lt_0_compat; [apply lt_0_INR; lia|exact Ht].
  - rewrite <- theta_all. apply Rmult_lt_compat_r; [exact Ht|apply lt_INR; lia].
Qed.
Lemma s_next : forall k, s k + s (S (S k)) = 2 * cos theta * s (S k).
Proof.
  intros k. unfold s. rewrite !S_INR. replace (INR k * theta) with ((INR k + 1) * theta - theta) by ring.
  replace ((INR k + 1 + 1) * theta) with ((INR k + 1) * theta + theta) by ring. rewrite sin_minus, sin_plus. ring.
Qed.
Lemma ratio_grows : forall a b, (a <= b)%nat -> (b <= depth)%nat -> s a * s (S b) <= s b * s (S a).
Proof.
  intros a b Hab Hb. unfold s. rewrite !S_INR, !Rmult_plus_distr_r, !Rmult_1_l, !sin_plus.
  assert (H1 : 0 <= sin theta).
  { apply sin_ge_0; [left; apply theta_pos|]. rewrite <- (Rmult_1_l theta). apply (angle_le 1). lia. }
  assert (H2 : 0 <= sin (INR b * theta - INR a * theta)).
  { replace (INR b * theta - INR a * theta) with (INR (b - a) * theta) by (rewrite minus_INR by exact Hab; ring).
    apply (s_nonneg (b - a)). lia. }
  rewrite sin_minus in H2. nra.
Qed.

(* up: for what leaves a unit of height k, down: for what enters it *)
Definition up (k : nat) : R := s (S k) / s k.
Definition down (k : nat) : R := s (pred k) / s k.

Lemma up_down : forall k, (1 <= k <= depth)%nat -> up k + down k = 2 * cos theta.
Proof.
  intros [|k] Hk; [lia|]. unfold up, down. simpl pred. assert (H := s_pos (S k) Hk). assert (E := s_next k).
  replace (s (S (S k)) / s (S k) + s k / s (S k)) with ((s k + s (S (S k))) / s (S k)) by (field; lra). rewrite E. field. lra.
Qed.
Lemma up_nonneg : forall k, (1 <= k <= depth)%nat -> 0 <= up k.
Proof. intros k Hk. unfold up. apply Rle_mult_inv_pos; [apply s_nonneg; lia|apply s_pos; exact Hk]. Qed.
Lemma down_nonneg : forall k, (1 <= k <= depth)%nat -> 0 <= down k.
Proof. intros k Hk. unfold down. apply Rle_mult_inv_pos; [apply s_nonneg; lia|apply s_pos; exact Hk]. Qed.

Lemma up_and_down : forall a b, (1 <= a)%nat -> (a < b)%nat -> (b <= depth)%nat -> 1 <= up a * down b.
Proof.
  intros a b Ha Hab Hb. unfold up, down. destruct b as [|b]; [lia|]. simpl pred.
  assert (P1 := s_pos a ltac:(lia)). assert (P2 := s_pos (S b) ltac:(lia)). assert (G := ratio_grows a b ltac:(lia) ltac:(lia)).
  apply (Rmult_le_reg_r (s a * s (S b))); [apply Rmult_lt_0_compat; assumption|].
  replace (s (S a) / s a * (s b / s (S b)) * (s a * s (S b))) with (s b * s (S a)) by (field; lra). lra.
Qed.

(* 2xy <= p x^2 + q y^2 if p q >= 1 *)
Lemma young : forall p q x y, 0 <= p -> 0 <= q -> 1 <= p * q -> 2 * Rabs (x * y) <= p * (x * x) + q * (y * y).
Proof.
  intros p q x y Hp Hq Hpq. assert (0 < p) by (destruct Hp as [Hp|Hp]; [exact Hp|rewrite <- Hp in Hpq; lra]).
  rewrite Rabs_mult. assert (Ex : x * x = Rabs x * Rabs x) by (rewrite <- Rabs_mult; symmetry; apply Rabs_right; assert (H' := Rle_0_sqr x); unfold Rsqr in H'; lra).
  assert (Ey : y * y = Rabs y * Rabs y) by (rewrite <- Rabs_mult; symmetry; apply Rabs_right; assert (H' := Rle_0_sqr y); unfold Rsqr in H'; lra).
  rewrite Ex, Ey. set (a := Rabs x). set (b := Rabs y). assert (S1 := Rle_0_sqr (p * a - b)). unfold Rsqr in S1.
  apply (Rmult_le_reg_l p); [assumption|]. assert (S2 := Rle_0_sqr b). unfold Rsqr in S2. nra.
Qed.

Lemma walk_form_bound : forall u,
  2 * Rabs (sum n (fun i => sum n (fun j => cost i j * (u j * u i)))) <= 2 * cos theta * sum n (fun i => A i * (u i * u i)).
Proof.
  intros u.
  assert (Habs : forall k f, Rabs (sum k f) <= sum k (fun i => Rabs (f i))).
  { intros k f. induction k as [|k IH]; simpl; [rewrite Rabs_R0; lra|]. apply Rle_trans with (1 := Rabs_triang _ _). lra. }
  apply Rle_trans with (sum n (fun i => sum n (fun j => cost i j * (up (height j) * (u j * u j) + down (height i) * (u i * u i))))).
  - apply Rle_trans with (2 * sum n (fun i => sum n (fun j => cost i j * Rabs (u j * u i)))).
    + apply Rmult_le_compat_l; [lra|]. apply Rle_trans with (1 := Habs _ _). apply sum_le. intros i Hi.
      apply Rle_trans with (1 := Habs _ _). apply sum_le. intros j Hj. rewrite Rabs_mult, (Rabs_right (cost i j)); [lra|]. apply Rle_ge, nonnegative.
    + rewrite <- sum_scale. apply sum_le. intros i Hi. rewrite <- sum_scale. apply sum_le. intros j Hj.
      destruct (Req_dec (cost i j) 0) as [Ez|Hc]; [rewrite Ez; right; ring|]. assert (Hr := rising i j Hi Hj Hc).
      assert (Hhi := heights i Hi). assert (Hhj := heights j Hj). destruct (nonnegative i j) as (Hc0 & _).
      assert (Y := young (up (height j)) (down (height i)) (u j) (u i) (up_nonneg _ Hhj) (down_nonneg _ Hhi) (up_and_down (height j) (height i) (proj1 Hhj) Hr (proj2 Hhi))).
      apply (Rmult_le_compat_l (cost i j)) in Y; [|exact Hc0]. apply Rle_trans with (2 := Y). right. ring.
  - rewrite <- sum_scale.
    apply Rle_trans with (sum n (fun i => up (height i) * (u i * u i) * sum n (fun k => cost k i)) + sum n (fun i => down (height i) * (u i * u i) * sum n (fun j => cost i j))).
    + right. rewrite (sum_ext n _ (fun i => sum n (fun j => up (height j) * (u j * u j) * cost i j) + sum n (fun j => down (height i) * (u i * u i) * cost i j))).
      2: { intros i _. rewrite <- sum_plus. apply sum_ext. intros j _. ring. }
      rewrite sum_plus. f_equal; [|apply sum_ext; intros i _; apply sum_scale].
      rewrite sum_swap. apply sum_ext. intros i _. apply sum_scale.
    + rewrite <- sum_plus. apply sum_le. intros i Hi. assert (Hh := heights i Hi). destruct (balanced i Hi) as (Hb & _).
      destruct (nonnegative i i) as (_ & Hin & Hout).
      assert (H1 : sum n (fun k => cost k i) <= A i) by (unfold A; rewrite Hb; unfold output_cost; lra).
      assert (H2 : sum n (fun j => cost i j) <= A i) by (unfold A, input_cost; lra).
      rewrite <- (up_down (height i) Hh). assert (Hu := Rle_0_sqr (u i)). unfold Rsqr in Hu.
      assert (Hup := up_nonneg _ Hh). assert (Hdown := down_nonneg _ Hh).
      assert (up (height i) * (u i * u i) * sum n (fun k => cost k i) <= up (height i) * (u i * u i) * A i) by (apply Rmult_le_compat_l; [apply Rmult_le_pos; assumption|exact H1]).
      assert (down (height i) * (u i * u i) * sum n (fun j => cost i j) <= down (height i) * (u i * u i) * A i) by (apply Rmult_le_compat_l; [apply Rmult_le_pos; assumption|exact H2]).
      lra.
Qed.

Definition energy (u : nat -> R) : R := sum n (fun i => A i * (u i * u i)).

Lemma energy_positive : forall u, (exists i, (i < n)%nat /\ u i <> 0) -> 0 < energy u.
Proof.
  intros u (i & Hi & Hne). apply Rlt_le_trans with (A i * (u i * u i)).
  - apply Rmult_lt_0_compat; [apply (balanced i Hi)|]. assert (H := Rsqr_pos_lt (u i) Hne). exact H.
  - apply (sum_term_le n (fun i => A i * (u i * u i))); [|exact Hi]. intros j Hj. apply Rmult_le_pos; [left; apply (balanced j Hj)|apply Rle_0_sqr].
Qed.

Lemma form_of_an_eigenvector : forall u a,
  (forall i, (i < n)%nat -> walk n cost into out_of u i = a * u i) ->
  sum n (fun i => sum n (fun j => cost i j * (u j * u i))) = a * energy u.
Proof.
  intros u a Heigen.
  assert (E2 : 2 * sum n (fun i => sum n (fun j => cost i j * (u j * u i))) = 2 * (a * energy u)); [|lra].
  apply eq_trans with (sum n (fun i => sum n (fun j => (cost i j + cost j i) * (u j * u i)))).
  - rewrite (sum_ext n (fun i => sum n (fun j => (cost i j + cost j i) * (u j * u i))) (fun i => sum n (fun j => cost i j * (u j * u i)) + sum n (fun j => cost j i * (u j * u i)))).
    2: { intros i _. rewrite <- sum_plus. apply sum_ext. intros j _. ring. }
    rewrite sum_plus. rewrite (sum_swap n n (fun i j => cost j i * (u j * u i))).
    rewrite (sum_ext n (fun j => sum n (fun i => cost j i * (u j * u i))) (fun i => sum n (fun j => cost i j * (u j * u i)))).
    2: { intros i _. apply sum_ext. intros j _. ring. } ring.
  - unfold energy. rewrite <- !sum_scale. apply sum_ext. intros i Hi. specialize (Heigen i Hi). unfold walk in Heigen.
    destruct (balanced i Hi) as (Hb & Hpos). unfold A in *.
    rewrite (sum_ext n _ (fun j => (cost i j + cost j i) * u j * u i)) by (intros; ring). rewrite sum_scale_r.
    replace (sum n (fun j => (cost i j + cost j i) * u j)) with (a * u i * (input_cost n cost into i + output_cost n cost out_of i)).
    + rewrite <- Hb. ring.
    + rewrite <- Heigen. field. lra.
Qed.

Lemma skips_and_biases : forall u a,
  (forall i, (i < n)%nat -> walk n cost into out_of u i = a * u i) -> (exists i, (i < n)%nat /\ u i <> 0) -> Rabs a <= cos theta.
Proof.
  intros u a Heigen Hne. assert (HN := energy_positive u Hne). assert (B := walk_form_bound u).
  rewrite (form_of_an_eigenvector u a Heigen) in B. fold (energy u) in B.
  rewrite Rabs_mult, (Rabs_right (energy u)) in B by lra. apply (Rmult_le_reg_r (energy u)); [exact HN|]. lra.
Qed.

(** When cos(π/(L+1)) is reached *)

(* Units that synapses join to no other units. *)
Definition closed (C : nat -> Prop) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> (C i <-> C j).

(* The units of C are layered by their heights: synapses go up by one, from visible units to height 1, to visible units from the last. *)
Definition layered (C : nat -> Prop) : Prop :=
  (forall i j, (i < n)%nat -> (j < n)%nat -> C i -> cost i j <> 0 -> height i = S (height j)) /\
  (forall i, (i < n)%nat -> C i -> into i <> 0 -> height i = 1%nat) /\
  (forall i, (i < n)%nat -> C i -> out_of i <> 0 -> height i = depth).

Lemma up_pos : forall k, (1 <= k < depth)%nat -> 0 < up k.
Proof. intros k Hk. unfold up. apply Rdiv_lt_0_compat; apply s_pos; lia. Qed.
Lemma down_pos : forall k, (1 < k <= depth)%nat -> 0 < down k.
Proof. intros k Hk. unfold down. apply Rdiv_lt_0_compat; apply s_pos; lia. Qed.

(* The product is 1 only for neighbouring heights. *)
Lemma up_down_one : forall a b, (1 <= a)%nat -> (a < b)%nat -> (b <= depth)%nat -> up a * down b = 1 -> b = S a.
Proof.
  intros a b Ha Hab Hb H. destruct b as [|b]; [lia|]. unfold up, down in H. simpl pred in H.
  assert (P1 := s_pos a ltac:(lia)). assert (P2 := s_pos (S b) ltac:(lia)).
  assert (E : s (S a) * s b = s a * s (S b)).
  { apply (Rmult_eq_compat_r (s a * s (S b))) in H. replace (s (S a) / s a * (s b / s (S b)) * (s a * s (S b))) with (s (S a) * s b) in H by (field; lra). lra. }
  destruct (Nat.eq_dec a b) as [->|Hne]; [reflexivity|]. exfalso.
  unfold s in E. rewrite !S_INR, !Rmult_plus_distr_r, !Rmult_1_l, !sin_plus in E.
  assert (H1 : 0 < sin theta).
  { assert (H1 := s_pos 1 ltac:(lia)). unfold s in H1. simpl INR in H1. rewrite Rmult_1_l in H1. exact H1. }
  assert (H2 : 0 < sin (INR b * theta - INR a * theta)).
  { replace (INR b * theta - INR a * theta) with (INR (b - a) * theta) by (rewrite minus_INR by lia; ring). apply (s_pos (b - a)). lia. }
  rewrite sin_minus in H2. assert (0 < sin theta * (sin (INR b * theta) * cos (INR a * theta) - cos (INR b * theta) * sin (INR a * theta))) by (apply Rmult_lt_0_compat; lra).
  lra.
Qed.

Lemma sum_tight : forall k f g, (forall i, (i < k)%nat -> f i <= g i) -> sum k g <= sum k f -> forall i, (i < k)%nat -> f i = g i.
Proof.
  intros k f g Hle Hsum i Hi. assert (H := sum_nonneg_zero k (fun i => g i - f i)). simpl in H.
  enough (g i - f i = 0) by lra. apply H; [intros j Hj; specialize (Hle j Hj); lra| |exact Hi].
  rewrite sum_minus. assert (sum k f <= sum k g) by (apply sum_le; exact Hle). lra.
Qed.

(* An eigenvector of the eigenvalue cos(π/(L+1)) makes every inequality an equality. *)
Lemma eigenvector_tight : forall u,
  (forall i, (i < n)%nat -> walk n cost into out_of u i = cos theta * u i) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 ->
     up (height j) * (u j * u j) + down (height i) * (u i * u i) = 2 * (u j * u i)) /\
  (forall i, (i < n)%nat -> up (height i) * (u i * u i) * out_of i = 0 /\ down (height i) * (u i * u i) * into i = 0).
Proof.
  intros u Heigen. assert (Hform := form_of_an_eigenvector u (cos theta) Heigen).
  set (f := fun i => sum n (fun j => cost i j * (2 * (u j * u i)))).
  set (g := fun i => sum n (fun j => cost i j * (up (height j) * (u j * u j) + down (height i) * (u i * u i)))).
  set (h := fun i => up (height i) * (u i * u i) * out_of i + down (height i) * (u i * u i) * into i).
  assert (Hedge : forall i j, (i < n)%nat -> (j < n)%nat ->
    cost i j * (2 * (u j * u i)) <= cost i j * (up (height j) * (u j * u j) + down (height i) * (u i * u i))).
  { intros i j Hi Hj. destruct (Req_dec (cost i j) 0) as [Ez|Hc]; [rewrite Ez; lra|]. assert (Hr := rising i j Hi Hj Hc).
    assert (Hhi := heights i Hi). assert (Hhj := heights j Hj). destruct (nonnegative i j) as (Hc0 & _).
    assert (Y := young (up (height j)) (down (height i)) (u j) (u i) (up_nonneg _ Hhj) (down_nonneg _ Hhi) (up_and_down (height j) (height i) (proj1 Hhj) Hr (proj2 Hhi))).
    apply Rmult_le_compat_l; [exact Hc0|]. assert (H := Rle_abs (u j * u i)). lra. }
  assert (Hh : forall i, (i < n)%nat -> 0 <= h i).
  { intros i Hi. destruct (nonnegative i i) as (_ & Hin & Hout). unfold h. assert (Hu := Rle_0_sqr (u i)). unfold Rsqr in Hu.
    apply Rplus_le_le_0_compat; apply Rmult_le_pos; auto; apply Rmult_le_pos; auto; [apply up_nonneg|apply down_nonneg]; apply heights; exact Hi. }
  (* f <= g <= g + h, and the sums at both ends are the same *)
  assert (Hsum : sum n (fun i => g i + h i) = sum n f).
  { assert (Ef : sum n f = 2 * (cos theta * energy u)).
    { unfold f. rewrite <- Hform, <- sum_scale. apply sum_ext. intros i _. rewrite <- sum_scale. apply sum_ext. intros j _. ring. }
    rewrite Ef. unfold energy. rewrite <- !sum_scale, sum_plus.
    assert (Eg : sum n g = sum n (fun i => up (height i) * (u i * u i) * sum n (fun k => cost k i)) + sum n (fun i => down (height i) * (u i * u i) * sum n (fun j => cost i j))).
    { unfold g. rewrite (sum_ext n _ (fun i => sum n (fun j => up (height j) * (u j * u j) * cost i j) + sum n (fun j => down (height i) * (u i * u i) * cost i j))).
      2: { intros i _. rewrite <- sum_plus. apply sum_ext. intros j _. ring. }
      rewrite sum_plus. f_equal; [|apply sum_ext; intros i _; apply sum_scale].
      rewrite sum_swap. apply sum_ext. intros i _. apply sum_scale. }
    rewrite Eg, <- !sum_plus. apply sum_ext. intros i Hi. destruct (balanced i Hi) as (Hb & _).
    assert (E1 : sum n (fun k => cost k i) = A i - out_of i) by (unfold A; rewrite Hb; unfold output_cost; ring).
    assert (E2 : sum n (fun j => cost i j) = A i - into i) by (unfold A, input_cost; ring).
    rewrite E1, E2. unfold h. assert (E := up_down (height i) (heights i Hi)).
    replace (2 * (cos theta * (A i * (u i * u i)))) with ((2 * cos theta) * (A i * (u i * u i))) by ring. rewrite <- E. ring. }
  assert (Hfg : forall i, (i < n)%nat -> f i <= g i) by (intros i Hi; apply sum_le; intros j Hj; apply Hedge; assumption).
  assert (Htight : forall i, (i < n)%nat -> f i = g i + h i).
  { apply sum_tight; [|rewrite Hsum; lra]. intros i Hi. specialize (Hfg i Hi). specialize (Hh i Hi). lra. }
  assert (Hzero : forall i, (i < n)%nat -> f i = g i /\ h i = 0).
  { intros i Hi. specialize (Hfg i Hi). specialize (Hh i Hi). specialize (Htight i Hi). lra. }
  split.
  - intros i j Hi Hj Hc. destruct (Hzero i Hi) as (E & _).
    assert (H := sum_tight n _ _ (fun k Hk => Hedge i k Hi Hk) ltac:(fold (g i); fold (f i); lra) j Hj). simpl in H.
    apply Rmult_eq_reg_l in H; [lra|exact Hc].
  - intros i Hi. destruct (Hzero i Hi) as (_ & E). unfold h in E. destruct (nonnegative i i) as (_ & Hin & Hout).
    assert (Hu := Rle_0_sqr (u i)). unfold Rsqr in Hu.
    assert (0 <= up (height i) * (u i * u i) * out_of i) by (apply Rmult_le_pos; auto; apply Rmult_le_pos; auto; apply up_nonneg, heights, Hi).
    assert (0 <= down (height i) * (u i * u i) * into i) by (apply Rmult_le_pos; auto; apply Rmult_le_pos; auto; apply down_nonneg, heights, Hi).
    lra.
Qed.

Lemma reached_is_layered : forall u,
  (forall i, (i < n)%nat -> walk n cost into out_of u i = cos theta * u i) ->
  closed (fun i => u i <> 0) /\ layered (fun i => u i <> 0).
Proof.
  intros u Heigen. destruct (eigenvector_tight u Heigen) as (Hedge & Hend).
  assert (Hsq : forall x, x <> 0 -> 0 < x * x) by (intros x Hx; apply (Rsqr_pos_lt x Hx)).
  assert (Hboth : forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> (u i <> 0 <-> u j <> 0)).
  { intros i j Hi Hj Hc. assert (E := Hedge i j Hi Hj Hc). assert (Hr := rising i j Hi Hj Hc).
    assert (Hhi := heights i Hi). assert (Hhj := heights j Hj).
    assert (U := up_pos (height j) ltac:(lia)). assert (D := down_pos (height i) ltac:(lia)).
    split; intros Hne Hz; rewrite Hz in E; specialize (Hsq _ Hne).
    - assert (0 < down (height i) * (u i * u i)) by (apply Rmult_lt_0_compat; assumption). lra.
    - assert (0 < up (height j) * (u j * u j)) by (apply Rmult_lt_0_compat; assumption). lra. }
  split; [exact Hboth|]. split; [|split].
  - intros i j Hi Hj Hne Hc. assert (E := Hedge i j Hi Hj Hc). assert (Hr := rising i j Hi Hj Hc).
    assert (Hhi := heights i Hi). assert (Hhj := heights j Hj).
    assert (U := up_pos (height j) ltac:(lia)). assert (D := down_pos (height i) ltac:(lia)).
    apply up_down_one; try lia. assert (G := up_and_down (height j) (height i) (proj1 Hhj) Hr (proj2 Hhi)).
    assert (Hj0 : u j <> 0) by (apply (Hboth i j Hi Hj Hc); exact Hne).
    set (p := up (height j)) in *. set (q := down (height i)) in *. set (x := u j) in *. set (y := u i) in *.
    (* (p x - y)² + (p q - 1) y² = 0 *)
    assert (E' : (p * x - y) * (p * x - y) + (p * q - 1) * (y * y) = 0).
    { replace ((p * x - y) * (p * x - y) + (p * q - 1) * (y * y)) with (p * (p * (x * x) + q * (y * y) - 2 * (x * y))) by ring. rewrite E. ring. }
    assert (S1 := Rle_0_sqr (p * x - y)). unfold Rsqr in S1. specialize (Hsq y Hne).
    assert (0 <= (p * q - 1) * (y * y)) by (apply Rmult_le_pos; lra).
    assert (Z : (p * q - 1) * (y * y) = 0) by lra. apply Rmult_integral in Z. lra.
  - intros i Hi Hne Hin. destruct (Hend i Hi) as (_ & E). assert (Hh := heights i Hi).
    destruct (Nat.eq_dec (height i) 1) as [|Hno]; [assumption|exfalso].
    assert (D := down_pos (height i) ltac:(lia)). specialize (Hsq _ Hne).
    apply Rmult_integral in E. destruct E as [E|E]; [|contradiction].
    assert (0 < down (height i) * (u i * u i)) by (apply Rmult_lt_0_compat; assumption). lra.
  - intros i Hi Hne Hout. destruct (Hend i Hi) as (E & _). assert (Hh := heights i Hi).
    destruct (Nat.eq_dec (height i) depth) as [|Hno]; [assumption|exfalso].
    assert (U := up_pos (height i) ltac:(lia)). specialize (Hsq _ Hne).
    apply Rmult_integral in E. destruct E as [E|E]; [|contradiction].
    assert (0 < up (height i) * (u i * u i)) by (apply Rmult_lt_0_compat; assumption). lra.
Qed.

Lemma layered_is_reached : forall C : nat -> bool,
  closed (fun i => C i = true) -> layered (fun i => C i = true) ->
  forall i, (i < n)%nat ->
    walk n cost into out_of (fun j => if C j then s (height j) else 0) i = cos theta * (if C i then s (height i) else 0).
Proof.
  intros C Hclosed (Hup & Hin & Hout) i Hi. unfold walk. destruct (balanced i Hi) as (Hb & Hpos).
  destruct (C i) eqn:Hci.
  - assert (Hh := heights i Hi). destruct (height i) as [|k] eqn:Hk; [lia|].
    rewrite (sum_ext n _ (fun j => s k * cost i j + s (S (S k)) * cost j i)).
    + rewrite sum_plus, (sum_scale n (s k) (fun j => cost i j)), (sum_scale n (s (S (S k))) (fun j => cost j i)).
      assert (E1 : s k * sum n (fun j => cost i j) = s k * input_cost n cost into i).
      { unfold input_cost. destruct (Req_dec (into i) 0) as [->|Hne]; [ring|].
        assert (H := Hin i Hi Hci Hne). rewrite Hk in H. injection H as ->. unfold s. simpl. rewrite Rmult_0_l, sin_0. ring. }
      assert (E2 : s (S (S k)) * sum n (fun j => cost j i) = s (S (S k)) * output_cost n cost out_of i).
      { unfold output_cost. destruct (Req_dec (out_of i) 0) as [->|Hne]; [ring|].
        assert (H := Hout i Hi Hci Hne). rewrite Hk in H. unfold s. rewrite H, theta_all, sin_PI. ring. }
      rewrite E1, E2, <- Hb. assert (N := s_next k).
      replace (s k * input_cost n cost into i + s (S (S k)) * input_cost n cost into i) with ((s k + s (S (S k))) * input_cost n cost into i) by ring.
      rewrite N. field. lra.
    + intros j Hj. destruct (Req_dec (cost i j) 0) as [E1|E1], (Req_dec (cost j i) 0) as [E2|E2].
      * rewrite E1, E2. ring.
      * rewrite E1. rewrite (proj2 (Hclosed j i Hj Hi E2) Hci), (Hup j i Hj Hi (proj2 (Hclosed j i Hj Hi E2) Hci) E2), Hk. ring.
      * rewrite E2. rewrite (proj1 (Hclosed i j Hi Hj E1) Hci). assert (H := Hup i j Hi Hj Hci E1). rewrite Hk in H. injection H as ->. ring.
      * assert (H1 := rising i j Hi Hj E1). assert (H2 := rising j i Hj Hi E2). lia.
  - rewrite sum_zero; [unfold Rdiv; ring|]. intros j Hj. destruct (C j) eqn:Hcj; [|ring].
    assert (E1 : cost i j = 0).
    { destruct (Req_dec (cost i j) 0) as [|Hne]; [assumption|]. rewrite (proj2 (Hclosed i j Hi Hj Hne) Hcj) in Hci. discriminate. }
    assert (E2 : cost j i = 0).
    { destruct (Req_dec (cost j i) 0) as [|Hne]; [assumption|]. rewrite (proj1 (Hclosed j i Hj Hi Hne) Hcj) in Hci. discriminate. }
    rewrite E1, E2. ring.
Qed.

(** In words of paths: from a visible unit to a visible unit through hidden units of C *)

Fixpoint chain (l : list nat) : Prop :=
  match l with
  | i :: ((j :: _) as rest) => (i < n)%nat /\ cost j i <> 0 /\ chain rest
  | i :: nil => (i < n)%nat
  | nil => False
  end.

(* The hidden units of a path between visible units. *)
Definition between_visible (C : nat -> Prop) (l : list nat) : Prop :=
  chain l /\ Forall C l /\ into (hd 0%nat l) <> 0 /\ out_of (last l 0%nat) <> 0.

Lemma chain_heights : forall l, chain l -> (height (hd 0%nat l) + length l <= S (height (last l 0%nat)))%nat.
Proof.
  induction l as [|i [|j l] IH]; intros H; [contradiction|simpl; lia|].
  destruct H as (Hi & Hc & H). specialize (IH H). change (last (i :: j :: l) 0%nat) with (last (j :: l) 0%nat). simpl hd in *. simpl length in *.
  assert (Hj : (j < n)%nat) by (destruct l; simpl in H; tauto). assert (Hr := rising j i Hj Hi Hc). lia.
Qed.

Lemma layered_chain : forall (C : nat -> Prop) l, layered C -> chain l -> Forall C l ->
  (height (hd 0%nat l) + length l = S (height (last l 0%nat)))%nat.
Proof.
  intros C l (Hup & _). induction l as [|i [|j l] IH]; intros H HC; [contradiction|simpl; lia|].
  destruct H as (Hi & Hc & H). inversion HC as [|? ? Ci HC']; subst. specialize (IH H HC').
  change (last (i :: j :: l) 0%nat) with (last (j :: l) 0%nat). simpl hd in *. simpl length in *.
  assert (Hj : (j < n)%nat) by (destruct l; simpl in H; tauto). inversion HC' as [|? ? Cj _]; subst.
  assert (Hr := Hup j i Hj Hi Cj Hc). lia.
Qed.

Lemma some_nonzero : forall k f, sum k f <> 0 -> exists i, (i < k)%nat /\ f i <> 0.
Proof.
  induction k as [|k IH]; intros f H; simpl in H; [contradiction|].
  destruct (Req_dec (f k) 0) as [E|E]; [|exists k; split; [lia|exact E]].
  destruct (IH f) as (i & Hi & Hf); [rewrite E, Rplus_0_r in H; exact H|]. exists i. split; [lia|exact Hf].
Qed.

Lemma chain_down : forall C, closed C -> forall h i, height i = h -> (i < n)%nat -> C i ->
  exists l, chain (l ++ i :: nil) /\ Forall C (l ++ i :: nil) /\ into (hd 0%nat (l ++ i :: nil)) <> 0.
Proof.
  intros C Hclosed h. induction h as [h IH] using lt_wf_ind. intros i Hh Hi HC.
  destruct (Req_dec (into i) 0) as [E|E].
  - destruct (some_nonzero n (fun j => cost i j)) as (j & Hj & Hc).
    { destruct (balanced i Hi) as (_ & H). unfold input_cost in H. lra. }
    assert (Hr := rising i j Hi Hj Hc). destruct (IH (height j) ltac:(lia) j eq_refl Hj (proj1 (Hclosed i j Hi Hj Hc) HC)) as (l & H1 & H2 & H3).
    exists (l ++ j :: nil). split; [|split].
    + clear - H1 Hi Hj Hc. induction l as [|a l IHl]; simpl in *; [auto|].
      destruct l as [|b l]; simpl in *; destruct H1 as (Ha & Hab & H1); repeat split; auto; exact (IHl H1).
    + apply Forall_app. split; [exact H2|repeat constructor; exact HC].
    + destruct l; exact H3.
  - exists nil. simpl. auto.
Qed.

Lemma chain_up : forall C, closed C -> forall h i, (depth - height i)%nat = h -> (i < n)%nat -> C i ->
  exists l, chain (i :: l) /\ Forall C (i :: l) /\ out_of (last (i :: l) 0%nat) <> 0.
Proof.
  intros C Hclosed h. induction h as [h IH] using lt_wf_ind. intros i Hh Hi HC.
  destruct (Req_dec (out_of i) 0) as [E|E].
  - destruct (some_nonzero n (fun k => cost k i)) as (j & Hj & Hc).
    { destruct (balanced i Hi) as (Hb & H). rewrite Hb in H. unfold output_cost in H. lra. }
    assert (Hr := rising j i Hj Hi Hc). assert (Hhj := heights j Hj).
    destruct (IH (depth - height j)%nat ltac:(lia) j eq_refl Hj (proj2 (Hclosed j i Hj Hi Hc) HC)) as (l & H1 & H2 & H3).
    exists (j :: l). split; [simpl; auto|]. split; [constructor; assumption|exact H3].
  - exists nil. simpl. auto.
Qed.

Lemma chain_glue : forall l i r, chain (l ++ i :: nil) -> chain (i :: r) -> chain (l ++ i :: r).
Proof.
  induction l as [|a l IH]; intros i r H1 H2; [exact H2|]. simpl in *. destruct l as [|b l]; simpl in *.
  - destruct H1 as (Ha & Hc & _). exact (conj Ha (conj Hc H2)).
  - destruct H1 as (Ha & Hc & H1). exact (conj Ha (conj Hc (IH i r H1 H2))).
Qed.

Lemma last_glue : forall (l : list nat) i r, last (l ++ i :: r) 0%nat = last (i :: r) 0%nat.
Proof. induction l as [|a l IH]; intros i r; [reflexivity|]. rewrite <- (IH i r). simpl. destruct (l ++ i :: r) eqn:E; [destruct l; discriminate|reflexivity]. Qed.

Lemma head_glue : forall (l : list nat) i r, hd 0%nat (l ++ i :: r) = hd 0%nat (l ++ i :: nil).
Proof. intros [|a l] i r; reflexivity. Qed.

Lemma layered_iff_paths : forall C, closed C ->
  (layered C <-> forall l, between_visible C l -> length l = depth).
Proof.
  intros C Hclosed. split.
  - intros HL l (Hc & HC & Hin & Hout). assert (E := layered_chain C l HL Hc HC). destruct HL as (_ & H1 & H2).
    destruct l as [|i l]; [contradiction|]. simpl hd in *.
    assert (Hi : (i < n)%nat) by (destruct l; simpl in Hc; tauto). inversion HC as [|? ? Ci HC']; subst.
    assert (Hlast : (last (i :: l) 0%nat < n)%nat /\ C (last (i :: l) 0%nat)).
    { clear - Hc HC. revert i Hc HC. induction l as [|j l IH]; intros i Hc HC; [inversion HC; subst; simpl in *; auto|].
      destruct Hc as (_ & _ & Hc). inversion HC as [|? ? _ HC']; subst. apply (IH j Hc HC'). }
    rewrite (H1 i Hi Ci Hin), (H2 _ (proj1 Hlast) (proj2 Hlast) Hout) in E. lia.
  - intros Hall.
    assert (Hpath : forall l i r, chain (l ++ i :: nil) -> Forall C (l ++ i :: nil) -> into (hd 0%nat (l ++ i :: nil)) <> 0 ->
      chain (i :: r) -> Forall C (i :: r) -> out_of (last (i :: r) 0%nat) <> 0 -> (length l + S (length r) = depth)%nat).
    { intros l i r H1 H2 H3 H4 H5 H6. rewrite <- (Hall (l ++ i :: r)); [rewrite app_length; reflexivity|].
      split; [apply chain_glue; assumption|]. split; [|rewrite head_glue, last_glue; auto].
      apply Forall_app in H2. apply Forall_app. split; [apply H2|exact H5]. }
    assert (Hbound : forall l i, chain (l ++ i :: nil) -> (length l + 1 <= height i)%nat).
    { intros l i H. assert (E := chain_heights _ H). rewrite last_glue, app_length in E. simpl in E.
      assert (Hh : (1 <= height (hd 0%nat (l ++ i :: nil)))%nat); [|lia]. apply heights. destruct l as [|a [|b l]]; simpl in H; tauto. }
    assert (Hbound' : forall i r, chain (i :: r) -> (height i + length r <= depth)%nat).
    { intros i r H. assert (E := chain_heights _ H). simpl hd in E. simpl length in E.
      assert (Hh : (height (last (i :: r) 0%nat) <= depth)%nat); [|lia]. apply heights.
      clear - H. revert i H. induction r as [|j r IH]; intros i H; [simpl in *; tauto|]. apply (IH j). simpl in H. simpl. tauto. }
    split; [|split].
    + intros i j Hi Hj Ci Hc. assert (Cj : C j) by (apply (Hclosed i j Hi Hj Hc); exact Ci).
      destruct (chain_down C Hclosed _ j eq_refl Hj Cj) as (l & L1 & L2 & L3).
      destruct (chain_up C Hclosed _ i eq_refl Hi Ci) as (r & R1 & R2 & R3).
      assert (E := Hpath l j (i :: r) L1 L2 L3 ltac:(simpl; auto) ltac:(constructor; assumption) R3). simpl in E.
      assert (B1 := Hbound l j L1). assert (B2 := Hbound' i r R1). assert (Hr := rising i j Hi Hj Hc). lia.
    + intros i Hi Ci Hin. destruct (chain_up C Hclosed _ i eq_refl Hi Ci) as (r & R1 & R2 & R3).
      assert (E := Hpath nil i r ltac:(simpl; auto) ltac:(repeat constructor; exact Ci) Hin R1 R2 R3). simpl in E.
      assert (B2 := Hbound' i r R1). assert (Hh := heights i Hi). lia.
    + intros i Hi Ci Hout. destruct (chain_down C Hclosed _ i eq_refl Hi Ci) as (l & L1 & L2 & L3).
      assert (E := Hpath l i nil L1 L2 L3 ltac:(simpl; auto) ltac:(repeat constructor; exact Ci) Hout). simpl in E.
      assert (B1 := Hbound l i L1). assert (Hh := heights i Hi). lia.
Qed.

End Heights.
