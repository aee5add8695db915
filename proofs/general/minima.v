(* The minimum of the regularizer over all multipliers is where every hidden unit is balanced. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity box_solution.
Import ListNotations.
Open Scope R_scope.

Definition minimum (P : problem) (mu : nat -> R) : Prop :=
  multipliers P mu /\ forall mu', multipliers P mu' -> regularizer P mu <= regularizer P mu'.

Definition attained (P : problem) : Prop := exists mu, minimum P mu.

(* Where a unit is not balanced, a small move of it lowers the regularizer. *)
Lemma unbalanced_not_minimal : forall P x i,
  well_formed P -> potential P x -> In i (hidden P) -> input P x i <> output P x i ->
  exists v, total P (moved x i v) < total P x.
Proof.
  intros P x i Hwf Hx Hi Hne.
  pose (g := fun v => input P (moved x i v) i - output P (moved x i v) i).
  assert (continuity g) as Hg by (apply continuous_excess; intros k; apply continuous_moved).
  assert (g (x i) = input P x i - output P x i) as Eg.
  { unfold g. assert (forall k, moved x i (x i) k = x k) as E.
    { intros k. unfold moved. destruct (Nat.eqb_spec k i) as [->|]; reflexivity. }
    rewrite (input_ext P _ x), (output_ext P _ x) by exact E. reflexivity. }
  assert (forall v, potential P (moved x i v)) as Hm.
  { intros v k Hk. rewrite moved_other; [apply Hx; exact Hk|]. intros ->. contradiction. }
  assert (forall v, total P (moved x i v) + (x i - v) * g v <= total P x) as Ht.
  { intros v. assert (H := total_above_tangent P (moved x i v) x Hwf (Hm v) Hx).
    rewrite (sum_over_ext _ _ (fun k => (x k - moved x i v k) * (if (i =? k)%nat then g v else 0))) in H.
    - rewrite (sum_over_single (hidden P) (fun k => x k - moved x i v k) i (g v)) in H; [|apply Hwf|intros; contradiction].
      rewrite moved_same in H. exact H.
    - intros k _. destruct (Nat.eqb_spec i k) as [<-|Hik]; [reflexivity|]. rewrite moved_other by auto. ring. }
  destruct (Rtotal_order (g (x i)) 0) as [Hlt|[H0|Hgt]]; [|exfalso; lra|].
  - destruct (stays_positive (fun v => - g v) (x i)) as (d & Hd & Hnear); [apply (continuity_opp g); exact Hg|lra|].
    exists (x i + d / 2). specialize (Ht (x i + d / 2)).
    assert (0 < - g (x i + d / 2)) by (apply Hnear; apply Rabs_def1; lra). nra.
  - destruct (stays_positive g (x i)) as (d & Hd & Hnear); [exact Hg|lra|].
    exists (x i - d / 2). specialize (Ht (x i - d / 2)).
    assert (0 < g (x i - d / 2)) by (apply Hnear; apply Rabs_def1; lra). nra.
Qed.

Lemma total_of_exp : forall P x, regularizer P (exp_of x) = total P x.
Proof. intros P x. rewrite regularizer_log. apply total_ext. apply log_exp. Qed.

Lemma balanced_iff_minimum : forall P mu, well_formed P -> (balanced P mu <-> minimum P mu).
Proof.
  intros P mu Hwf. split.
  - intros Hb. split; [apply Hb|]. intros mu' Hmu'. rewrite !regularizer_log.
    apply stationary_minimum; [exact Hwf|apply stationary_log; exact Hb|apply potential_log; exact Hmu'].
  - intros [Hmu Hmin]. split; [exact Hmu|]. intros i Hi. rewrite input_log, output_log.
    destruct (Req_dec (input P (log_of mu) i) (output P (log_of mu) i)) as [|Hne]; [assumption|]. exfalso.
    assert (Hx := potential_log P mu Hmu).
    destruct (unbalanced_not_minimal P (log_of mu) i Hwf Hx Hi Hne) as (v & Hv).
    assert (regularizer P mu <= regularizer P (exp_of (moved (log_of mu) i v))) as H.
    { apply Hmin. apply multipliers_exp. intros k Hk. rewrite moved_other; [apply Hx; exact Hk|]. intros ->. contradiction. }
    rewrite total_of_exp, regularizer_log in H. lra.
Qed.

Lemma stationary_attained : forall P, well_formed P -> ((exists x, stationary P x) <-> attained P).
Proof.
  intros P Hwf. split.
  - intros (x & Hx). exists (exp_of x). apply balanced_iff_minimum; [exact Hwf|]. apply balanced_exp. exact Hx.
  - intros (mu & Hmu). exists (log_of mu). apply stationary_log. apply balanced_iff_minimum; assumption.
Qed.
