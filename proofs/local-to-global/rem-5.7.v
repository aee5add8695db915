(* Convergence to one balanced state holds as well for deterministic orders, for a subset of the units, and for layer-wise (tied)
   balancing.

   Corrected: If the minimum of the problem concerned is attained (E6; for a subset, of the problem in which all other units count as
   visible) and every unit concerned is visited infinitely often, convergence to one balanced state holds as well for deterministic
   orders, for a subset of the units, and for layer-wise (tied) balancing. Without an attained minimum each of the three fails, though
   every step be defined.

   Hypotheses: non-zero terms join every unit of the subset to the ground. That it fails without an attained minimum is not part of
   this file.
   Units of degree 1: any finite list of terms whose two exponents are equal. `tie` sends each unit to the one whose multiplier
   it shares, `units` are those that are balanced, in the layer-wise case one for each layer; what is tied to no unit of `units` stays as
   it is. A subset without ties has the identity for `tie`. A deterministic order is one order; that sweeps, in any sequence of
   the units, are fair is cyclic_sweeps_are_fair. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence steps minima thm_5_1.
Import ListNotations.
Open Scope R_scope.

Definition tied_term (tie : nat -> nat) (start : nat -> R) (e : term) : term :=
  Term (tie (source e)) (tie (target e)) (cost_at start e) (source_exponent e) (target_exponent e).

(* The problem of moving the units of the list, and with each all that is tied to it, away from `start`. *)
Definition tied (P : problem) (tie : nat -> nat) (units : list nat) (start : nat -> R) : problem :=
  Problem units (map (tied_term tie start) (terms P)).

(* The multipliers of the network once unit i's representative has been moved by nu. *)
Definition spread (tie : nat -> nat) (start nu : nat -> R) (i : nat) : R := start i * nu (tie i).

Lemma spread_cost : forall tie start nu e,
  (forall i, 0 < start i) -> (forall i, 0 < nu i) ->
  cost_at nu (tied_term tie start e) = cost_at (spread tie start nu) e.
Proof.
  intros tie start nu e Hs Hn. unfold cost_at at 1. simpl. unfold cost_at, spread.
  rewrite <- !Rpower_mult_distr by auto. field.
  split; apply Rgt_not_eq; apply exp_pos.
Qed.

Lemma spread_regularizer : forall P tie units start nu,
  (forall i, 0 < start i) -> (forall i, 0 < nu i) ->
  regularizer (tied P tie units start) nu = regularizer P (spread tie start nu).
Proof.
  intros P tie units start nu Hs Hn. unfold regularizer, tied. simpl. rewrite sum_over_map.
  apply sum_over_ext. intros e _. apply spread_cost; assumption.
Qed.

Lemma tied_well_formed : forall P tie units start,
  well_formed P -> homogeneous P -> NoDup units -> well_formed (tied P tie units start).
Proof.
  intros P tie units start Hwf Hhom Hn. split; [exact Hn|]. intros e Hin. simpl in Hin.
  apply in_map_iff in Hin. destruct Hin as (d & <- & Hd).
  destruct (proj2 Hwf d Hd) as (Hc & Hs & Ht & _). repeat split; simpl; auto.
  rewrite cost_at_log. apply term_at_nonneg. exact (proj2 Hwf d Hd).
Qed.

Theorem rem_5_7 : forall P tie units start,
  let Q := tied P tie units start in
  well_formed P -> homogeneous P -> (forall i, 0 < start i) -> NoDup units ->
  all_grounded Q -> attained Q ->
  exists best, balanced Q best /\
    (forall nu, multipliers Q nu -> regularizer P (spread tie start best) <= regularizer P (spread tie start nu)) /\
    forall order nu,
      fair units order -> multipliers Q (nu O) -> (forall t, balances Q (order t) (nu t) (nu (S t))) ->
      (forall t, regularizer P (spread tie start (nu (S t))) <= regularizer P (spread tie start (nu t))) /\
      Un_cv (fun t => regularizer P (spread tie start (nu t))) (regularizer P (spread tie start best)) /\
      (forall i, Un_cv (fun t => spread tie start (nu t) i) (spread tie start best i)) /\
      (forall e, Un_cv (fun t => cost_at (spread tie start (nu t)) e) (cost_at (spread tie start best) e)).
Proof.
  intros P tie units start Q Hwf Hhom Hstart Hn Hg Hat.
  assert (well_formed Q) as HQ by (apply tied_well_formed; assumption).
  destruct (thm_5_1 Q HQ Hg Hat) as (best & Hb & [Hbm Hmin] & Hconv). exists best.
  assert (forall nu, multipliers Q nu -> regularizer Q nu = regularizer P (spread tie start nu)) as ER.
  { intros nu Hnu. apply spread_regularizer; [exact Hstart|apply Hnu]. }
  split; [exact Hb|]. split.
  { intros nu Hnu. rewrite <- !ER by assumption. apply Hmin. exact Hnu. }
  intros order nu Hfair H0 Hstep.
  destruct (Hconv order nu Hfair H0 Hstep) as (H1 & H2 & _ & H4 & H5).
  assert (forall t, multipliers Q (nu t)) as Hm.
  { induction t as [|t IH]; [exact H0|]. apply (balances_multipliers Q (order t) (nu t)); auto. apply Hfair. }
  split; [|split; [|split]].
  - intros t. rewrite <- !ER by apply Hm. apply H1.
  - rewrite <- ER by exact Hbm. apply (Un_cv_ext (fun t => regularizer Q (nu t))); [|exact H2].
    intros t. apply ER. apply Hm.
  - intros i. unfold spread. apply (CV_mult (fun _ => start i) (fun t => nu t (tie i))); [apply constant_converges|apply H4].
  - intros e. rewrite <- (spread_cost tie start best e Hstart (proj1 Hbm)).
    apply (Un_cv_ext (fun t => cost_at (nu t) (tied_term tie start e))); [|apply H5].
    intros t. apply spread_cost; [exact Hstart|apply Hm].
Qed.

(* Sweep after sweep in one sequence of the units, which may name a unit more than once. *)
Theorem cyclic_sweeps_are_fair : forall units sweep,
  sweep <> [] -> (forall i, In i sweep <-> In i units) ->
  fair units (fun t => nth (t mod length sweep) sweep O).
Proof.
  intros units sweep Hne Hall.
  assert (length sweep <> O) as Hlen by (destruct sweep; [congruence|discriminate]).
  split.
  - intros t. apply Hall. apply nth_In. apply Nat.mod_upper_bound. exact Hlen.
  - intros i Hi N. apply Hall in Hi. destruct (In_nth sweep i O Hi) as (k & Hk & E).
    exists (k + N * length sweep)%nat. split; [nia|].
    rewrite Nat.mod_add by exact Hlen. rewrite Nat.mod_small by exact Hk. exact E.
Qed.
