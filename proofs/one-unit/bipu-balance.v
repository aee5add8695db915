(* For a BiPU of degree c, R(λ) = λ^p A + λ^-cp B + const, and balance is A = c B. For c > 0 the minimiser is unique; for c <= 0
   there is none.

   Corrected: Without self-connection, balance is A = c B, the minimiser is unique for c > 0, and there is none for c <= 0. A
   self-connection of cost S scales by λ^(1-c), and balance is A + (1-c) S = c B; with c > 1 it can take the place of the outgoing
   cost.

   p is any positive real number, c any real number. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums power_costs exponential_sums.
Open Scope R_scope.

(* The cost of the network as a function of the multiplier of one unit: incoming weights w, outgoing weights v, the self-connection u
   (0 if there is none). *)
Definition bipu_cost (p c : R) (n : nat) (w : nat -> R) (m : nat) (v : nat -> R) (u rest l : R) : R :=
  total_cost p n (fun j => l * w j) + total_cost p m (fun k => v k / Rpower l c) +
  cost p (Rpower l (1 - c) * u) + rest.

Definition optimal (f : R -> R) (l : R) : Prop := 0 < l /\ forall k, 0 < k -> f l <= f k.

Definition three (a b c : R) (k : nat) : R := match k with O => a | S O => b | _ => c end.

Section Unit.

Variables (p c : R) (n : nat) (w : nat -> R) (m : nat) (v : nat -> R) (u rest : R).
Hypothesis p_pos : 0 < p.

Let A : R := total_cost p n w.
Let B : R := total_cost p m v.
Let S : R := cost p u.
Let coefficients : nat -> R := three A B S.
Let rates : nat -> R := three p (- (c * p)) ((1 - c) * p).
Let total : R -> R := bipu_cost p c n w m v u rest.

Lemma A_nonneg : 0 <= A. Proof. apply total_cost_nonneg. Qed.
Lemma B_nonneg : 0 <= B. Proof. apply total_cost_nonneg. Qed.
Lemma S_nonneg : 0 <= S. Proof. apply cost_nonneg. Qed.

Lemma coefficients_nonneg : forall k, (k < 3)%nat -> 0 <= coefficients k.
Proof.
  assert (HA := A_nonneg). assert (HB := B_nonneg). assert (HS := S_nonneg).
  intros [|[|k]] _; assumption.
Qed.

Lemma bipu_cost_form :
  forall l, 0 < l ->
    total l = Rpower l p * A + Rpower l (- (c * p)) * B + Rpower l ((1 - c) * p) * S + rest.
Proof.
  intros l Hl. unfold total, bipu_cost. rewrite total_cost_multiple by exact Hl.
  rewrite total_cost_quotient by apply Rpower_pos.
  rewrite cost_multiple by apply Rpower_pos. rewrite !Rpower_mult.
  replace (c * - p) with (- (c * p)) by ring. reflexivity.
Qed.

Lemma total_is_expsum : forall l, 0 < l -> total l = expsum 3 coefficients rates (ln l) + rest.
Proof. intros l Hl. rewrite bipu_cost_form by exact Hl. unfold expsum, Rpower. simpl. ring. Qed.

Lemma optimal_iff_slope : forall l, 0 < l -> optimal total l <-> slope 3 coefficients rates (ln l) = 0.
Proof.
  intros l Hl. rewrite <- (expsum_minimum 3 coefficients rates (ln l) coefficients_nonneg).
  split.
  - intros (_ & H) y. assert (Hy := exp_pos y). specialize (H (exp y) Hy).
    rewrite !total_is_expsum, ln_exp in H by assumption. lra.
  - intros H. split; [exact Hl|]. intros k Hk. rewrite !total_is_expsum by assumption.
    specialize (H (ln k)). lra.
Qed.

Lemma slope_is_balance :
  forall l, 0 < l ->
    slope 3 coefficients rates (ln l) =
    p * (total_cost p n (fun j => l * w j) + (1 - c) * cost p (Rpower l (1 - c) * u) -
         c * total_cost p m (fun k => v k / Rpower l c)).
Proof.
  intros l Hl. rewrite total_cost_multiple by exact Hl.
  rewrite total_cost_quotient by apply Rpower_pos.
  rewrite cost_multiple by apply Rpower_pos. rewrite !Rpower_mult.
  replace (c * - p) with (- (c * p)) by ring.
  unfold slope, expsum, Rpower. simpl. fold A. fold B. fold S. ring.
Qed.

End Unit.

Theorem bipu_balance :
  forall p c n w m v u rest, 0 < p ->
    let A := total_cost p n w in
    let B := total_cost p m v in
    let S := cost p u in
    let total := bipu_cost p c n w m v u rest in
    (* The cost as a function of the multiplier. *)
    (forall l, 0 < l ->
      total l = Rpower l p * A + Rpower l (- (c * p)) * B + Rpower l ((1 - c) * p) * S + rest) /\
    (* A multiplier is optimal exactly if it balances the unit. *)
    (forall l, 0 < l ->
      optimal total l <->
      total_cost p n (fun j => l * w j) + (1 - c) * cost p (Rpower l (1 - c) * u) =
      c * total_cost p m (fun k => v k / Rpower l c)) /\
    (* For c > 0 there is exactly one; for c > 1 a self-connection can take the place of the outgoing cost. *)
    (0 < A -> 0 < c -> (0 < B \/ (1 < c /\ 0 < S)) -> exists! l, optimal total l) /\
    (* For c <= 0 there is none. *)
    (0 < A -> c <= 0 -> ~ exists l, optimal total l).
Proof.
  intros p c n w m v u rest Hp A B S total.
  assert (Hbalance : forall l, 0 < l ->
    optimal total l <->
    total_cost p n (fun j => l * w j) + (1 - c) * cost p (Rpower l (1 - c) * u) =
    c * total_cost p m (fun k => v k / Rpower l c)).
  { intros l Hl. unfold total. rewrite optimal_iff_slope by exact Hl.
    rewrite slope_is_balance by exact Hl. split; intros H.
    - apply Rmult_integral in H. lra.
    - rewrite H. ring. }
  split; [intros; apply bipu_cost_form; assumption|]. split; [exact Hbalance|].
  assert (Hnonneg := coefficients_nonneg p n w m v u).
  split.
  - intros HA Hc Hout.
    assert (Hup : exists k, (k < 3)%nat /\ 0 < three A B S k /\ 0 < three p (- (c * p)) ((1 - c) * p) k).
    { exists 0%nat. repeat split; [lia|exact HA|exact Hp]. }
    destruct (slope_zero_exists 3 (three A B S) (three p (- (c * p)) ((1 - c) * p)) Hnonneg Hup) as (x & Hx).
    { destruct Hout as [HB|(Hc1 & HS)].
      - exists 1%nat. repeat split; [lia|exact HB|]. simpl. nra.
      - exists 2%nat. repeat split; [lia|exact HS|]. simpl. nra. }
    exists (exp x). assert (Hopt : optimal total (exp x)).
    { unfold total. apply optimal_iff_slope; [apply exp_pos|]. rewrite ln_exp. exact Hx. }
    split; [exact Hopt|]. intros l (Hl & Hmin).
    assert (Hle := Hmin (exp x) (exp_pos x)). unfold total in Hle.
    rewrite !total_is_expsum, ln_exp in Hle by (try exact Hl; apply exp_pos).
    rewrite <- (exp_ln l Hl). f_equal. symmetry.
    apply (expsum_minimum_unique 3 (three A B S) (three p (- (c * p)) ((1 - c) * p))); auto.
    + exists 0%nat. repeat split; [lia|exact HA|]. simpl. lra.
    + fold A in Hle. fold B in Hle. fold S in Hle. lra.
  - intros HA Hc (l & Hopt). assert (Hl := proj1 Hopt).
    apply Hbalance in Hopt; [|exact Hl].
    rewrite total_cost_multiple in Hopt by exact Hl.
    assert (0 < Rpower l p * total_cost p n w) by (apply Rmult_lt_0_compat; [apply Rpower_pos|exact HA]).
    assert (Hs := cost_nonneg p (Rpower l (1 - c) * u)).
    assert (Hb := total_cost_nonneg p m (fun k => v k / Rpower l c)). nra.
Qed.
