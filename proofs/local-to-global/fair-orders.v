(* Let r = max μ_i/μ*_i >= 1. No balancing step raises r; a step at i ends strictly below the bound r μ*_i if a neighbour (or the
   ground, for r > 1) is strictly below its own. After D passes of any orders, D being the distance of the farthest unit from the
   ground, r has fallen strictly if it was above 1.

   Hypotheses: the minimum is attained (at `best`); non-zero synapses join every hidden unit to the ground. Units of degree 1: the two
   exponents of a term are equal; any finite list of such terms, so mixtures and ties as well. `r` is any bound of the ratios that is
   at least 1, the largest ratio among them; visible units have ratio 1. Between passes there may be any number of further steps.
   That this makes every fair order converge is thm-5.1.v. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import balancing_problem convexity convergence steps.
Import ListNotations.
Open Scope R_scope.

(* At most n non-zero terms away from the ground, whatever their direction. *)
Inductive distance (P : problem) : nat -> nat -> Prop :=
| distance_ground : forall n i, ~ In i (hidden P) -> distance P n i
| distance_joined : forall n i j, joined P i j -> distance P n j -> distance P (S n) i.

(* From time `from` to time `to` every hidden unit is visited. *)
Definition pass (P : problem) (order : nat -> nat) (from to : nat) : Prop :=
  (from <= to)%nat /\ forall i, In i (hidden P) -> exists t, (from <= t < to)%nat /\ order t = i.

Lemma raised_input : forall P x s i, homogeneous P -> input P (fun k => x k + s) i = input P x i.
Proof.
  intros P x s i Hhom. apply sum_over_ext. intros e Hin. unfold term_at, slope. rewrite (Hhom e Hin).
  destruct (enters i e); [|reflexivity]. do 3 f_equal. ring.
Qed.

Lemma raised_output : forall P x s i, homogeneous P -> output P (fun k => x k + s) i = output P x i.
Proof.
  intros P x s i Hhom. apply sum_over_ext. intros e Hin. unfold term_at, slope. rewrite (Hhom e Hin).
  destruct (leaves i e); [|reflexivity]. do 3 f_equal. ring.
Qed.

Section Bound.

Variables (P : problem) (best : nat -> R) (r : R).
Hypothesis Hwf : well_formed P.
Hypothesis Hhom : homogeneous P.
Hypothesis Hg : all_grounded P.
Hypothesis Hbest : balanced P best.
Hypothesis Hr : 1 <= r.

Lemma bound_is_balanced : forall i, In i (hidden P) ->
  let z k := log_of best k + ln r in input P z i = output P z i /\ 0 < input P z i.
Proof.
  intros i Hi z. unfold z. rewrite raised_input, raised_output by exact Hhom.
  rewrite <- input_log, <- output_log. split; [apply Hbest; exact Hi|].
  apply (balanced_has_both P i best best); auto.
Qed.

Lemma log_bound : forall mu k, 0 < mu k ->
  (mu k <= r * best k <-> log_of mu k <= log_of best k + ln r) /\
  (mu k < r * best k <-> log_of mu k < log_of best k + ln r).
Proof.
  intros mu k Hk. assert (0 < best k) as Hb by apply Hbest.
  unfold log_of. rewrite Rplus_comm, <- ln_mult by lra.
  assert (0 < r * best k) by (apply Rmult_lt_0_compat; lra).
  split; [symmetry; apply log_le; assumption|]. split; intros H'; [apply ln_increasing; assumption|].
  destruct (Rlt_or_le (mu k) (r * best k)) as [|Hle]; [assumption|]. apply log_le in Hle; lra.
Qed.

Lemma step_keeps_bound : forall i mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' ->
  (forall k, mu k <= r * best k) -> forall k, mu' k <= r * best k.
Proof.
  intros i mu mu' Hi Hmu Hs Hb k.
  assert (forall k, 0 < mu' k) as Hpos by (exact (balances_positive P i mu mu' (proj1 Hmu) Hs)).
  destruct (Nat.eq_dec k i) as [->|Hne]; [|destruct Hs as (Hs0 & _); rewrite Hs0 by exact Hne; apply Hb].
  apply (log_bound mu' i); [auto|].
  destruct (Rle_or_lt (log_of mu' i) (log_of best i + ln r)) as [|Hlt]; [assumption|]. exfalso.
  destruct (bound_is_balanced i Hi) as [Hz Hzpos]. pose (z := fun k => log_of best k + ln r). fold z in Hz, Hzpos.
  destruct (balances_step P i mu mu' Hs) as [Hk Hbal].
  assert (forall j, j <> i -> log_of mu' j <= z j) as Ho.
  { intros j Hj. rewrite Hk by exact Hj. apply (log_bound mu j); [apply Hmu|apply Hb]. }
  assert (input P z i < input P (log_of mu') i) by (apply input_lt_own; auto).
  assert (output P (log_of mu') i <= output P z i) by (apply output_le; auto; unfold z; lra).
  lra.
Qed.

Lemma step_strict : forall i j mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' ->
  (forall k, mu k <= r * best k) -> j <> i -> joined P i j -> mu j < r * best j -> mu' i < r * best i.
Proof.
  intros i j mu mu' Hi Hmu Hs Hb Hne Hjoin Hj.
  assert (forall k, 0 < mu' k) as Hpos by (exact (balances_positive P i mu mu' (proj1 Hmu) Hs)).
  assert (Hkeep := step_keeps_bound i mu mu' Hi Hmu Hs Hb).
  destruct (Rlt_or_le (mu' i) (r * best i)) as [|Hge]; [assumption|]. exfalso.
  assert (mu' i = r * best i) as E by (apply Rle_antisym; [apply Hkeep|exact Hge]).
  destruct (bound_is_balanced i Hi) as [Hz _]. pose (z := fun k => log_of best k + ln r). fold z in Hz.
  destruct (balances_step P i mu mu' Hs) as [Hk Hbal].
  assert (input P z i - output P z i < input P (log_of mu') i - output P (log_of mu') i); [|lra].
  apply (joined_strict P (log_of mu') z i j); auto.
  - unfold z, log_of. rewrite E, Rmult_comm, ln_mult; [reflexivity|apply Hbest|lra].
  - rewrite Hk by exact Hne. apply (log_bound mu j); [apply Hmu|exact Hj].
  - intros k _. apply (log_bound mu' k); auto.
Qed.

End Bound.

Theorem fair_orders : forall P best r,
  well_formed P -> homogeneous P -> all_grounded P -> balanced P best -> 1 <= r ->
  let bounded mu := forall k, mu k <= r * best k in
  (forall i mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> bounded mu -> bounded mu') /\
  (forall i j mu mu', In i (hidden P) -> multipliers P mu -> balances P i mu mu' -> bounded mu ->
     j <> i -> joined P i j -> mu j < r * best j \/ (~ In j (hidden P) /\ 1 < r) -> mu' i < r * best i) /\
  (forall D order mu passes,
     (forall t, In (order t) (hidden P)) -> multipliers P (mu O) -> (forall t, balances P (order t) (mu t) (mu (S t))) ->
     (forall i, In i (hidden P) -> distance P D i) ->
     passes O = O -> (forall n, (n < D)%nat -> pass P order (passes n) (passes (S n))) ->
     1 < r -> bounded (mu O) ->
     exists r', 1 <= r' < r /\ forall t, (passes D <= t)%nat -> forall k, mu t k <= r' * best k).
Proof.
  intros P best r Hwf Hhom Hg Hbest Hr bounded. split; [|split].
  - intros i mu mu' Hi Hmu Hs Hb. exact (step_keeps_bound P best r Hwf Hhom Hg Hbest Hr i mu mu' Hi Hmu Hs Hb).
  - intros i j mu mu' Hi Hmu Hs Hb Hne Hjoin Hj.
    apply (step_strict P best r Hwf Hhom Hg Hbest Hr i j mu mu'); auto.
    destruct Hj as [Hj|[Hj H1]]; [exact Hj|].
    destruct Hmu as [_ Hone]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone j Hj), (Hone' j Hj). lra.
  - intros D order mu passes Horder Hstart Hstep Hdist H0 Hpass H1 Hb.
    assert (forall t, multipliers P (mu t) /\ bounded (mu t)) as Hall.
    { induction t as [|t [IHm IHb]]; [auto|]. split.
      - apply (balances_multipliers P (order t) (mu t)); auto.
      - exact (step_keeps_bound P best r Hwf Hhom Hg Hbest Hr (order t) _ _ (Horder t) IHm (Hstep t) IHb). }
    assert (forall n i, distance P n i -> (n <= D)%nat -> forall t, (passes n <= t)%nat -> mu t i < r * best i) as Hbelow.
    { intros n i H. induction H as [n i Hi|n i j Hjoin _ IH]; intros Hn t Ht.
      - destruct (Hall t) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone i Hi), (Hone' i Hi). lra.
      - specialize (IH ltac:(lia)). destruct (Hpass n ltac:(lia)) as [Hle Hvisit].
        destruct (Nat.eq_dec j i) as [->|Hne]; [apply IH; lia|].
        destruct (in_dec Nat.eq_dec i (hidden P)) as [Hi|Hi].
        2:{ destruct (Hall t) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone i Hi), (Hone' i Hi). lra. }
        assert (forall s, (passes n <= s)%nat -> order s = i -> mu (S s) i < r * best i) as Hafter.
        { intros s Hs E. destruct (Hall s) as [Hm Hbs]. specialize (Hstep s). rewrite E in Hstep.
          apply (step_strict P best r Hwf Hhom Hg Hbest Hr i j (mu s)); auto. }
        destruct (Hvisit i Hi) as (s & Hs & E).
        assert (S s <= t)%nat as Hst by lia. clear Ht.
        induction Hst as [|t Hst IHt]; [apply Hafter; [lia|exact E]|].
        destruct (Nat.eq_dec (order t) i) as [E'|E']; [apply Hafter; [lia|exact E']|].
        destruct (Hstep t) as (Hk & _). rewrite Hk by auto. exact IHt. }
    assert (exists r', 1 <= r' < r /\ forall k, In k (hidden P) -> mu (passes D) k <= r' * best k) as (r' & Hr' & Hmax).
    { assert (forall k, In k (hidden P) -> mu (passes D) k < r * best k) as Hlt by (intros k Hk; apply (Hbelow D); auto).
      clear - Hlt H1 Hbest. induction (hidden P) as [|k l IH] in Hlt |- *.
      - exists 1. split; [lra|intros k []].
      - destruct IH as (r' & Hr' & Hl); [auto with datatypes|].
        assert (0 < best k) as Hbk by apply Hbest.
        assert (mu (passes D) k / best k < r) as Hk.
        { apply Rmult_lt_reg_r with (best k); [exact Hbk|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
          rewrite Rmult_1_r. apply Hlt. left. reflexivity. }
        exists (Rmax r' (mu (passes D) k / best k)).
        assert (Ha := Rmax_l r' (mu (passes D) k / best k)). assert (Hb' := Rmax_r r' (mu (passes D) k / best k)).
        split; [split; [lra|apply Rmax_lub_lt; lra]|].
        intros m Hm. assert (0 < best m) as Hbm by apply Hbest. destruct Hm as [<-|Hm].
        + replace (mu (passes D) k) with (mu (passes D) k / best k * best k) at 1 by (field; lra).
          apply Rmult_le_compat_r; lra.
        + apply Rle_trans with (r' * best m); [apply Hl; exact Hm|]. apply Rmult_le_compat_r; lra. }
    exists r'. split; [exact Hr'|].
    assert (forall k, mu (passes D) k <= r' * best k) as Hall'.
    { intros k. destruct (in_dec Nat.eq_dec k (hidden P)) as [Hk|Hk]; [auto|].
      destruct (Hall (passes D)) as [[_ Hone] _]. destruct Hbest as [[_ Hone'] _]. rewrite (Hone k Hk), (Hone' k Hk). lra. }
    intros t Ht. induction Ht as [|t Ht IHt]; [exact Hall'|].
    apply (step_keeps_bound P best r' Hwf Hhom Hg Hbest (proj1 Hr') (order t) (mu t)); auto. apply Hall.
Qed.
