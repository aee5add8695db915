(* One step of balancing: it is unique, and for L_p and units of degree 1 it multiplies mu_i by sqrt(B_i / A_i). *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence.
Import ListNotations.
Open Scope R_scope.

Lemma input_summand_nonneg : forall P x i e,
  well_formed P -> In e (terms P) -> 0 <= (if enters i e then target_exponent e * term_at x e else 0).
Proof.
  intros P x i e Hwf Hin. destruct (enters i e); [|lra]. destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _).
  apply Rmult_le_pos; [lra|]. apply term_at_nonneg, Hwf, Hin.
Qed.

Lemma input_nonneg : forall P x i, well_formed P -> 0 <= input P x i.
Proof.
  intros P x i Hwf. apply sum_over_nonneg. intros e Hin. exact (input_summand_nonneg P x i e Hwf Hin).
Qed.

Lemma input_positive_iff : forall P x i,
  well_formed P ->
  (0 < input P x i <-> exists e, In e (terms P) /\ 0 < cost e /\ target e = i /\ source e <> i).
Proof.
  intros P x i Hwf. split.
  - intros H.
    destruct (Exists_dec (fun e => 0 < cost e /\ enters i e = true) (terms P)) as [Hex|Hno].
    + intros e. destruct (Rlt_dec 0 (cost e)), (Bool.bool_dec (enters i e) true); tauto.
    + apply Exists_exists in Hex. destruct Hex as (e & Hin & Hc & He). apply enters_true in He. exists e. tauto.
    + exfalso. unfold input in H. rewrite sum_over_zero in H; [lra|]. intros e Hin.
      destruct (enters i e) eqn:He; [|reflexivity].
      destruct (proj2 Hwf e Hin) as ([Hc|Hc] & _).
      * exfalso. apply Hno. apply Exists_exists. exists e. tauto.
      * unfold term_at. rewrite <- Hc. ring.
  - intros (e & Hin & Hc & Ht & Hs). apply Rlt_le_trans with (target_exponent e * term_at x e).
    + apply Rmult_lt_0_compat; [apply (proj2 Hwf e Hin)|apply term_at_pos; exact Hc].
    + assert (enters i e = true) as He by (apply enters_true; tauto).
      replace (target_exponent e * term_at x e) with (if enters i e then target_exponent e * term_at x e else 0) by (rewrite He; reflexivity).
      apply (sum_over_member (terms P) (fun e => if enters i e then target_exponent e * term_at x e else 0)); [|exact Hin].
      intros d Hd. exact (input_summand_nonneg P x i d Hwf Hd).
Qed.

(* Strict where a term of nonzero cost changes. *)
Lemma input_lt : forall P x y i e,
  well_formed P -> x i <= y i -> (forall j, j <> i -> y j <= x j) ->
  In e (terms P) -> 0 < cost e -> target e = i -> source e <> i -> slope x e < slope y e ->
  input P x i < input P y i.
Proof.
  intros P x y i e Hwf Hi Ho Hin Hc Ht Hs Hlt. apply sum_over_lt with e; [|exact Hin|].
  - intros d Hd. destruct (enters i d) eqn:E; [|lra]. apply enters_true in E. destruct E as [Et Es].
    destruct (proj2 Hwf d Hd) as (_ & Hb & Ha & _).
    apply Rmult_le_compat_l; [lra|]. apply term_at_le; [exact (proj2 Hwf d Hd)|].
    unfold slope. rewrite Et. specialize (Ho _ Es). nra.
  - assert (enters i e = true) as -> by (apply enters_true; tauto).
    apply Rmult_lt_compat_l; [apply (proj2 Hwf e Hin)|]. unfold term_at.
    apply Rmult_lt_compat_l; [exact Hc|]. apply exp_increasing. exact Hlt.
Qed.

Lemma input_lt_own : forall P x y i,
  well_formed P -> x i < y i -> (forall j, j <> i -> y j <= x j) -> 0 < input P x i -> input P x i < input P y i.
Proof.
  intros P x y i Hwf Hi Ho Hpos. apply input_positive_iff in Hpos; [|exact Hwf].
  destruct Hpos as (e & Hin & Hc & Ht & Hs). apply input_lt with e; try assumption; [lra|].
  unfold slope. rewrite Ht. destruct (proj2 Hwf e Hin) as (_ & Hb & Ha & _). specialize (Ho _ Hs). nra.
Qed.

(* A term of nonzero cost between i and j: raising j alone leaves i with less input or more output. *)
Lemma joined_strict : forall P x y i j,
  well_formed P -> i <> j -> joined P i j ->
  x i = y i -> x j < y j -> (forall k, k <> i -> x k <= y k) ->
  input P y i - output P y i < input P x i - output P x i.
Proof.
  intros P x y i j Hwf Hne (e & Hin & Hc & Hends) Hi Hj Ho.
  assert (input P y i <= input P x i) by (apply input_le; auto; lra).
  assert (output P x i <= output P y i) by (apply output_le; auto; lra).
  destruct (proj2 Hwf e Hin) as (_ & Hb & Ha & _).
  destruct Hends as [[Es Et]|[Es Et]].
  - assert (output P x i < output P y i); [|lra].
    rewrite <- !input_reversed. apply input_lt with (reversed_term e).
    + apply well_formed_reversed, Hwf.
    + unfold negated. lra.
    + intros k Hk. unfold negated. specialize (Ho k Hk). lra.
    + apply in_map. exact Hin.
    + exact Hc.
    + exact Es.
    + simpl. rewrite Et. auto.
    + unfold slope, negated; simpl. rewrite Es, Et, Hi. nra.
  - assert (input P y i < input P x i); [|lra]. apply input_lt with e; auto; try lra.
    + rewrite Es. auto.
    + unfold slope. rewrite Es, Et, Hi. nra.
Qed.

Lemma step_unique : forall P i x x' x'',
  well_formed P -> 0 < input P x i \/ 0 < output P x i ->
  step P i x x' -> step P i x x'' -> forall k, x' k = x'' k.
Proof.
  intros P i x x' x'' Hwf Hpos [Hk' Hb'] [Hk'' Hb''] k.
  assert (forall z z', (forall k, k <> i -> z k = x k) -> (forall k, k <> i -> z' k = x k) ->
    input P z i = output P z i -> input P z' i = output P z' i -> ~ z i < z' i) as Hno.
  { intros z z' Hz Hz' Hbz Hbz' Hlt.
    assert (forall j, j <> i -> z' j <= z j) as Ho by (intros j Hj; rewrite Hz, Hz' by exact Hj; lra).
    assert (input P z i <= input P z' i) by (apply input_le; auto; lra).
    assert (output P z' i <= output P z i) by (apply output_le; auto; lra).
    assert (0 < input P z i) as Hin.
    { destruct Hpos as [H'|H'].
      - apply (input_positive_iff P x) in H'; [|exact Hwf]. apply (input_positive_iff P z); assumption.
      - rewrite Hbz, <- input_reversed. rewrite <- input_reversed in H'.
        apply (input_positive_iff _ (negated x)) in H'; [|apply well_formed_reversed, Hwf].
        apply (input_positive_iff _ (negated z)); [apply well_formed_reversed, Hwf|exact H']. }
    assert (input P z i < input P z' i) by (apply input_lt_own; auto). lra. }
  destruct (Nat.eq_dec k i) as [->|Hne]; [|rewrite Hk', Hk'' by exact Hne; reflexivity].
  destruct (Rtotal_order (x' i) (x'' i)) as [H|[H|H]]; [|exact H|]; exfalso.
  - apply (Hno x' x''); assumption.
  - apply (Hno x'' x'); assumption.
Qed.

Lemma balances_step : forall P i mu mu',
  balances P i mu mu' -> step P i (log_of mu) (log_of mu').
Proof.
  intros P i mu mu' (Hk & _ & Hb). split.
  - intros k Hne. unfold log_of. rewrite Hk by exact Hne. reflexivity.
  - rewrite <- input_log, <- output_log. exact Hb.
Qed.

Lemma balances_positive : forall P i mu mu',
  (forall k, 0 < mu k) -> balances P i mu mu' -> forall k, 0 < mu' k.
Proof.
  intros P i mu mu' Hpos (Hk & Hi & _) k. destruct (Nat.eq_dec k i) as [->|Hne]; [exact Hi|]. rewrite Hk by exact Hne. apply Hpos.
Qed.

Lemma balances_multipliers : forall P i mu mu',
  In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> multipliers P mu'.
Proof.
  intros P i mu mu' Hi [Hpos Hone] Hb. split; [exact (balances_positive P i mu mu' Hpos Hb)|].
  intros k Hk. destruct Hb as (Hk' & _). rewrite Hk'; [auto|]. intros ->. contradiction.
Qed.

Lemma log_injective : forall mu mu' : nat -> R,
  (forall k, 0 < mu k) -> (forall k, 0 < mu' k) -> forall k, log_of mu k = log_of mu' k -> mu k = mu' k.
Proof. intros mu mu' H H' k E. apply ln_inv; auto. Qed.

(* Whether a unit has input or output cost does not depend on the multipliers. *)
Lemma input_cost_positive : forall P mu mu' i, well_formed P -> 0 < input_cost P mu i -> 0 < input_cost P mu' i.
Proof.
  intros P mu mu' i Hwf H. rewrite input_log in *. apply input_positive_iff in H; [|exact Hwf].
  apply input_positive_iff; assumption.
Qed.

Lemma output_cost_positive : forall P mu mu' i, well_formed P -> 0 < output_cost P mu i -> 0 < output_cost P mu' i.
Proof.
  intros P mu mu' i Hwf H. rewrite output_log, <- input_reversed in *.
  apply (input_positive_iff _ (negated (log_of mu))) in H; [|apply well_formed_reversed, Hwf].
  apply (input_positive_iff _ (negated (log_of mu'))); [apply well_formed_reversed, Hwf|exact H].
Qed.

(* Some term of nonzero cost joins the unit to another one. *)
Definition touched (P : problem) (i : nat) : Prop :=
  exists e, In e (terms P) /\ 0 < cost e /\ (enters i e = true \/ leaves i e = true).

Lemma grounded_touched : forall P i, grounded P i -> In i (hidden P) -> touched P i.
Proof.
  intros P i H. induction H as [i Hi|i j (e & He & Hc & Hends) Hj IH]; intros Hh; [contradiction|].
  destruct (Nat.eq_dec i j) as [->|Hne]; [auto|]. exists e. split; [exact He|]. split; [exact Hc|].
  destruct Hends as [(E1 & E2)|(E1 & E2)]; [right; apply leaves_true|left; apply enters_true]; split; congruence.
Qed.

(* Such a unit has cost on one side; where it can be balanced, on both. *)
Lemma touched_has_cost : forall P i x, well_formed P -> touched P i -> 0 < input P x i \/ 0 < output P x i.
Proof.
  intros P i x Hwf (e & Hin & Hc & [Hends|Hends]).
  - apply enters_true in Hends. destruct Hends as (Et & Es). left. apply input_positive_iff; [exact Hwf|]. exists e. auto.
  - apply leaves_true in Hends. destruct Hends as (Es & Et). right.
    rewrite <- input_reversed. apply input_positive_iff; [apply well_formed_reversed, Hwf|].
    exists (reversed_term e). simpl. split; [apply in_map; exact Hin|auto].
Qed.

Lemma touched_has_both : forall P i best mu,
  well_formed P -> In i (hidden P) -> touched P i -> balanced P best ->
  0 < input_cost P mu i /\ 0 < output_cost P mu i.
Proof.
  intros P i best mu Hwf Hi Ht [_ Hb]. specialize (Hb i Hi).
  assert (0 < input_cost P best i /\ 0 < output_cost P best i) as [H1 H2].
  { rewrite input_log, output_log in *. destruct (touched_has_cost P i (log_of best) Hwf Ht); lra. }
  split; [apply (input_cost_positive P best)|apply (output_cost_positive P best)]; assumption.
Qed.

Lemma balanced_has_both : forall P i best mu,
  well_formed P -> In i (hidden P) -> grounded P i -> balanced P best ->
  0 < input_cost P mu i /\ 0 < output_cost P mu i.
Proof. intros. apply (touched_has_both P i best); auto. apply grounded_touched; assumption. Qed.

(** The closed form *)

Definition balanced_at (P : problem) (i : nat) (mu : nat -> R) (k : nat) : R :=
  if (k =? i)%nat then mu i * sqrt (output_cost P mu i / input_cost P mu i) else mu k.

Lemma plain_rescaled : forall P mu i s,
  plain P -> (forall k, 0 < mu k) -> 0 < s ->
  let mu' k := if (k =? i)%nat then mu i * s else mu k in
  input_cost P mu' i = input_cost P mu i * s /\ output_cost P mu' i = output_cost P mu i / s.
Proof.
  intros P mu i s Hp Hpos Hs mu'.
  assert (forall k, 0 < mu' k) as Hpos'.
  { intros k. unfold mu'. destruct (k =? i)%nat; [apply Rmult_lt_0_compat; auto|auto]. }
  split.
  - rewrite !plain_input_cost by assumption. rewrite (Rmult_comm _ s), <- sum_over_scale.
    apply sum_over_ext. intros e _. destruct (enters i e) eqn:E; [|ring].
    apply enters_true in E. destruct E as [-> Es]. unfold mu'. rewrite Nat.eqb_refl.
    destruct (Nat.eqb_spec (source e) i); [contradiction|]. field. apply Rgt_not_eq, Hpos.
  - apply Rmult_eq_reg_l with s; [|lra].
    replace (s * (output_cost P mu i / s)) with (output_cost P mu i) by (field; lra).
    rewrite !plain_output_cost by assumption. rewrite <- sum_over_scale.
    apply sum_over_ext. intros e _. destruct (leaves i e) eqn:E; [|ring].
    apply leaves_true in E. destruct E as [-> Et]. unfold mu'. rewrite Nat.eqb_refl.
    destruct (Nat.eqb_spec (target e) i); [contradiction|]. field. assert (Hi := Hpos i). split; lra.
Qed.

Lemma plain_step : forall P mu i,
  plain P -> (forall k, 0 < mu k) -> 0 < input_cost P mu i -> 0 < output_cost P mu i ->
  balances P i mu (balanced_at P i mu).
Proof.
  intros P mu i Hp Hpos HA HB.
  pose (s := sqrt (output_cost P mu i / input_cost P mu i)).
  assert (0 < s) as Hs by (apply sqrt_lt_R0, Rdiv_lt_0_compat; assumption).
  assert (s * s = output_cost P mu i / input_cost P mu i) as Hss.
  { apply sqrt_sqrt. left. apply Rdiv_lt_0_compat; assumption. }
  split; [|split].
  - intros k Hk. unfold balanced_at. destruct (Nat.eqb_spec k i); [contradiction|reflexivity].
  - unfold balanced_at. rewrite Nat.eqb_refl. apply Rmult_lt_0_compat; [auto|exact Hs].
  - destruct (plain_rescaled P mu i s Hp Hpos Hs) as [H1 H2]. unfold balanced_at. fold s.
    rewrite H1, H2. apply Rmult_eq_reg_r with s; [|lra].
    rewrite Rmult_assoc, Hss. field. split; lra.
Qed.
