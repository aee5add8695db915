(* Subsequences that converge, and other facts on sequences of numbers. *)

From Coq Require Import Reals List Arith Lra Lia Classical ConstructiveEpsilon.
Import ListNotations.
Open Scope R_scope.

Lemma near_of_abs : forall x r, Rabs x <= r -> - r <= x <= r.
Proof. intros x r H. unfold Rabs in H. destruct (Rcase_abs x); lra. Qed.

Lemma extract : forall (f : nat -> R) K, (forall t, - K <= f t <= K) ->
  exists z phi, (forall k, (phi k < phi (S k))%nat) /\ forall e, 0 < e -> exists N, forall k, (N <= k)%nat -> Rabs (f (phi k) - z) <= e.
Proof.
  intros f K Hf.
  pose (recurs := fun v => forall N, exists t, (N <= t)%nat /\ v <= f t).
  assert (Hb : bound recurs). { exists K. intros v H. destruct (H O) as (t & _ & Hv). assert (Hw := Hf t). lra. }
  assert (Hs : exists v, recurs v). { exists (- K). intros N. exists N. split; [lia|apply Hf]. }
  destruct (completeness recurs Hb Hs) as (z & Hz).
  assert (Hfreq : forall e N, 0 < e -> exists t, (N <= t)%nat /\ Rabs (f t - z) <= e).
  { intros e N He.
    assert (exists M, forall t, (M <= t)%nat -> f t <= z + e) as (M & HM).
    { apply NNPP. intros Hno. assert (recurs (z + e)) as Hr.
      { intros M. apply NNPP. intros Hno'. apply Hno. exists M. intros t Ht.
        destruct (Rle_or_lt (f t) (z + e)) as [|Hlt]; [assumption|]. exfalso. apply Hno'. exists t. split; [exact Ht|lra]. }
      apply (proj1 Hz) in Hr. lra. }
    assert (exists v, recurs v /\ z - e < v) as (v & Hv & Hlt).
    { apply NNPP. intros Hno. assert (z <= z - e); [|lra]. apply (proj2 Hz). intros v Hv.
      destruct (Rle_or_lt v (z - e)) as [|Hlt]; [assumption|]. exfalso. apply Hno. exists v. auto. }
    destruct (Hv (max N M)) as (t & Ht & Hvt). exists t. split; [lia|]. apply Rabs_le. specialize (HM t ltac:(lia)). lra. }
  assert (Hdec : forall k N t, {(N <= t)%nat /\ Rabs (f t - z) <= / INR (S k)} + {~ ((N <= t)%nat /\ Rabs (f t - z) <= / INR (S k))}).
  { intros k N t. destruct (le_dec N t) as [H|H]; [|right; tauto]. destruct (Rle_dec (Rabs (f t - z)) (/ INR (S k))); [left|right]; tauto. }
  assert (Hpos : forall k, 0 < / INR (S k)) by (intros k; apply Rinv_0_lt_compat, lt_0_INR; lia).
  pose (next := fun k N => proj1_sig (constructive_indefinite_ground_description_nat _ (Hdec k N) (Hfreq (/ INR (S k)) N (Hpos k)))).
  assert (Hnext : forall k N, (N <= next k N)%nat /\ Rabs (f (next k N) - z) <= / INR (S k)).
  { intros k N. unfold next. exact (proj2_sig (constructive_indefinite_ground_description_nat _ (Hdec k N) (Hfreq (/ INR (S k)) N (Hpos k)))). }
  pose (phi := fix phi k := match k with O => next O O | S k' => next (S k') (S (phi k')) end).
  exists z, phi. split.
  - intros k. change (phi (S k)) with (next (S k) (S (phi k))). destruct (Hnext (S k) (S (phi k))). lia.
  - intros e He. destruct (archimed_cor1 e He) as (N & HN & HNpos). exists N. intros k Hk.
    apply Rle_trans with (/ INR (S k)); [destruct k; [apply (Hnext O O)|apply (Hnext (S k) (S (phi k)))]|].
    apply Rle_trans with (/ INR N); [|lra]. apply Rinv_le_contravar; [apply lt_0_INR; exact HNpos|]. apply le_INR. lia.
Qed.

Lemma increasing_ge : forall phi, (forall k, (phi k < phi (S k))%nat) -> forall k, (k <= phi k)%nat.
Proof. intros phi H. induction k as [|k IH]; [lia|]. specialize (H k). lia. Qed.

Lemma increasing_le : forall phi, (forall k, (phi k < phi (S k))%nat) -> forall j k, (j <= k)%nat -> (phi j <= phi k)%nat.
Proof. intros phi H j k Hjk. induction Hjk as [|k Hjk IH]; [lia|]. specialize (H k). lia. Qed.

Lemma extract_all : forall {T : Type} (l : list T) (f : nat -> T -> R) K, (forall t e, In e l -> - K <= f t e <= K) ->
  exists (z : T -> R) (phi : nat -> nat), (forall k, (phi k < phi (S k))%nat) /\
    forall e r, In e l -> 0 < r -> exists N, forall k, (N <= k)%nat -> Rabs (f (phi k) e - z e) <= r.
Proof.
  intros T l f K Hf.
  assert (H : exists (zs : list R) (phi : nat -> nat), (forall k, (phi k < phi (S k))%nat) /\
    Forall2 (fun e v => forall r, 0 < r -> exists N, forall k, (N <= k)%nat -> Rabs (f (phi k) e - v) <= r) l zs).
  { induction l as [|e l IH].
    - exists [], (fun k => k). split; [intros; lia|constructor].
    - destruct IH as (zs & phi & Hphi & Hzs); [intros; apply Hf; right; assumption|].
      destruct (extract (fun k => f (phi k) e) K) as (v & psi & Hpsi & Hv); [intros; apply Hf; left; reflexivity|].
      exists (v :: zs), (fun k => phi (psi k)). split.
      + intros k. assert (A := increasing_le phi Hphi (S (psi k)) (psi (S k)) ltac:(specialize (Hpsi k); lia)). specialize (Hphi (psi k)). lia.
      + constructor; [exact Hv|]. clear - Hzs Hpsi. induction Hzs as [|d w l zs Hd _ IH]; constructor; [|exact IH].
        intros r Hr. destruct (Hd r Hr) as (N & HN).
        exists N. intros k Hk. apply HN. assert (A := increasing_ge psi Hpsi k). lia. }
  destruct H as (zs & phi & Hphi & Hzs).
  (* a value for each member: by classical choice over a finite list *)
  assert (Hz : forall e, In e l -> exists v, forall r, 0 < r -> exists N, forall k, (N <= k)%nat -> Rabs (f (phi k) e - v) <= r).
  { clear Hf. induction Hzs as [|d v l zs Hd _ IH]; intros e He; [contradiction|]. destruct He as [<-|He]; [exists v; exact Hd|auto]. }
  (* limits are unique, so the limit is a function: the least upper bound of what it exceeds *)
  pose (below := fun e (v : R) => v = - K \/ (In e l /\ exists w, v = w /\ forall r, 0 < r -> exists N, forall k, (N <= k)%nat -> Rabs (f (phi k) e - w) <= r)).
  assert (Hbd : forall e, bound (below e)).
  { intros e. exists (Rabs K + 1). intros v [->|(He & w & -> & Hw)].
    - assert (A := Rle_abs (- K)). rewrite Rabs_Ropp in A. lra.
    - destruct (Hw 1 ltac:(lra)) as (N & HN). specialize (HN N ltac:(lia)). assert (B := Hf (phi N) e He).
      apply near_of_abs in HN. assert (A := Rle_abs K). lra. }
  assert (Hsome : forall e, exists v, below e v) by (intros e; exists (- K); left; reflexivity).
  exists (fun e => proj1_sig (completeness (below e) (Hbd e) (Hsome e))), phi. split; [exact Hphi|].
  intros e r He Hr. destruct (Hz e He) as (v & Hv).
  assert (E : proj1_sig (completeness (below e) (Hbd e) (Hsome e)) = v).
  { destruct (completeness (below e) (Hbd e) (Hsome e)) as (b & Hub & Hleast). simpl. apply Rle_antisym.
    - apply Hleast. intros u [->|(_ & w & -> & Hw)].
      + destruct (Rle_or_lt (- K) v) as [|Hlt]; [assumption|]. exfalso.
        destruct (Hv ((- K - v) / 2) ltac:(lra)) as (N & HN). specialize (HN N ltac:(lia)). assert (B := Hf (phi N) e He).
        apply near_of_abs in HN. lra.
      + apply Rnot_lt_le. intros Hlt.
        destruct (Hv ((w - v) / 3) ltac:(lra)) as (N & HN). destruct (Hw ((w - v) / 3) ltac:(lra)) as (M & HM).
        specialize (HN (max N M) ltac:(lia)). specialize (HM (max N M) ltac:(lia)).
        apply near_of_abs in HN. apply near_of_abs in HM. lra.
    - apply Hub. right. split; [exact He|]. exists v. split; [reflexivity|exact Hv]. }
  rewrite E. apply Hv. exact Hr.
Qed.

Lemma first_time : forall (Q : nat -> Prop) N, (exists t, (N <= t)%nat /\ Q t) ->
  exists t, (N <= t)%nat /\ Q t /\ forall s, (N <= s < t)%nat -> ~ Q s.
Proof.
  intros Q N (t & Ht & HQ). revert Ht HQ. induction t as [t IH] using lt_wf_ind. intros Ht HQ.
  destruct (classic (exists s, (N <= s < t)%nat /\ Q s)) as [(s & Hs & Qs)|Hno].
  - apply (IH s); [lia|lia|exact Qs].
  - exists t. split; [exact Ht|]. split; [exact HQ|]. intros s Hs Qs. apply Hno. exists s. auto.
Qed.

Lemma drops_vanish : forall u : nat -> R, (forall t, 0 <= u t) -> (forall t, u (S t) <= u t) ->
  forall r, 0 < r -> exists N, forall t, (N <= t)%nat -> u t - u (S t) < r.
Proof.
  intros u Hpos Hdown r Hr.
  destruct (completeness (fun v => exists t, v = - u t)) as (b & Hub & Hleast).
  - exists 0. intros v (t & ->). specialize (Hpos t). lra.
  - exists (- u O), O. reflexivity.
  - assert (exists N, b - r < - u N) as (N & HN).
    { apply NNPP. intros Hno. assert (b <= b - r); [|lra]. apply Hleast. intros v (t & ->).
      apply Rnot_lt_le. intros Hlt. apply Hno. exists t. exact Hlt. }
    assert (Hle : forall t, (N <= t)%nat -> u t <= u N).
    { intros t Ht. induction Ht as [|t Ht IH]; [lra|]. specialize (Hdown t). lra. }
    exists N. intros t Ht. specialize (Hle t Ht). assert (- u (S t) <= b) by (apply Hub; exists (S t); reflexivity). lra.
Qed.
