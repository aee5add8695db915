(* Directed paths of non-zero terms in the graph whose visible units are one node, the ground. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity box_solution coercive minima.
Import ListNotations.
Open Scope R_scope.

Inductive path (P : problem) : nat -> nat -> Prop :=
| path_here : forall i, path P i i
| path_ground : forall i j k, ~ In i (hidden P) -> ~ In j (hidden P) -> path P j k -> path P i k
| path_term : forall e k, In e (terms P) -> 0 < cost e -> path P (target e) k -> path P (source e) k.

(* A self-connection is a cycle. *)
Definition on_cycle (P : problem) (e : term) : Prop := path P (target e) (source e).

Definition all_on_cycles (P : problem) : Prop := forall e, In e (terms P) -> 0 < cost e -> on_cycle P e.

(* A direction in the logarithms of the multipliers that raises no cost. *)
Definition falling (P : problem) (d : nat -> R) : Prop :=
  potential P d /\ forall e, In e (terms P) -> 0 < cost e -> slope d e <= 0.

Lemma path_trans : forall P i j k, path P i j -> path P j k -> path P i k.
Proof.
  intros P i j k H. induction H as [i|i m j Hi Hm _ IH|e j Hin Hc _ IH]; intros Hk; [exact Hk| |].
  - apply path_ground with m; auto.
  - apply path_term; auto.
Qed.

Lemma path_of_term : forall P e, In e (terms P) -> 0 < cost e -> path P (source e) (target e).
Proof. intros P e Hin Hc. apply path_term; [exact Hin|exact Hc|apply path_here]. Qed.

(* Along a path the potentials of a point at which the regularizer is bounded can rise only so much. *)
Lemma path_bound : forall P level i j,
  well_formed P -> homogeneous P -> path P i j -> exists K, forall x, below P level x -> x j - x i <= K.
Proof.
  intros P level i j Hwf Hhom H. destruct (slopes_bounded_above P level Hwf) as (U & HU & Hup).
  induction H as [i|i m j Hi Hm _ IH|e j Hin Hc _ IH].
  - exists 0. intros x _. lra.
  - destruct IH as (K & HK). exists K. intros x Hx. specialize (HK x Hx). destruct Hx as [Hx _].
    rewrite (Hx i Hi). rewrite (Hx m Hm) in HK. lra.
  - destruct IH as (K & HK). exists (K + U / target_exponent e). intros x Hx. specialize (HK x Hx).
    specialize (Hup e Hin x Hx Hc). destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _).
    unfold slope in Hup. rewrite (Hhom e Hin) in Hup.
    assert (x (target e) - x (source e) <= U / target_exponent e); [|lra].
    apply Rmult_le_reg_l with (target_exponent e); [exact Ht|].
    replace (target_exponent e * (U / target_exponent e)) with U by (field; lra). lra.
Qed.

Lemma cycles_coercive : forall P, well_formed P -> homogeneous P -> all_on_cycles P -> coercive P.
Proof.
  intros P Hwf Hhom Hcyc level e Hin Hc.
  destruct (path_bound P level _ _ Hwf Hhom (Hcyc e Hin Hc)) as (K & HK).
  exists (target_exponent e * K). intros x Hx. specialize (HK x Hx).
  destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _). unfold slope. rewrite (Hhom e Hin). nra.
Qed.

(* A property of finitely many units as a number: 0 where it holds, 1 where not, 0 for all other units. *)
Lemma indicator : forall (Q : nat -> Prop) (units : list nat), exists d : nat -> R,
  (forall i, ~ In i units -> d i = 0) /\ forall i, In i units -> (Q i -> d i = 0) /\ (~ Q i -> d i = 1).
Proof.
  intros Q. induction units as [|i units (d & Hout & Hin)].
  - exists (fun _ => 0). split; [reflexivity|intros i []].
  - destruct (classic (Q i)) as [Hi|Hi].
    + exists (moved d i 0). split.
      * intros k Hk. rewrite moved_other; [apply Hout|]; intros E; apply Hk; [right; exact E|left; now symmetry].
      * intros k Hk. destruct (Nat.eq_dec k i) as [->|Hne]; [rewrite moved_same; split; tauto|].
        rewrite moved_other by exact Hne. apply Hin. destruct Hk as [->|Hk]; [contradiction|exact Hk].
    + exists (moved d i 1). split.
      * intros k Hk. rewrite moved_other; [apply Hout|]; intros E; apply Hk; [right; exact E|left; now symmetry].
      * intros k Hk. destruct (Nat.eq_dec k i) as [->|Hne]; [rewrite moved_same; split; tauto|].
        rewrite moved_other by exact Hne. apply Hin. destruct Hk as [->|Hk]; [contradiction|exact Hk].
Qed.

Lemma falls_along_paths : forall P d i j,
  well_formed P -> homogeneous P -> falling P d -> path P i j -> d j <= d i.
Proof.
  intros P d i j Hwf Hhom [Hd Hs] H. induction H as [i|i m j Hi Hm _ IH|e j Hin Hc _ IH]; [lra| |].
  - rewrite (Hd i Hi). rewrite (Hd m Hm) in IH. exact IH.
  - specialize (Hs e Hin Hc). unfold slope in Hs. rewrite (Hhom e Hin) in Hs.
    destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _). nra.
Qed.

Lemma on_cycle_constant : forall P d e,
  well_formed P -> homogeneous P -> falling P d -> In e (terms P) -> 0 < cost e -> on_cycle P e -> slope d e = 0.
Proof.
  intros P d e Hwf Hhom Hd Hin Hc Hcyc. apply Rle_antisym; [apply Hd; assumption|].
  assert (H := falls_along_paths P d _ _ Hwf Hhom Hd Hcyc).
  unfold slope. rewrite (Hhom e Hin). destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _). nra.
Qed.

(* A term on no cycle: lower everything that its target reaches. *)
Lemma off_cycle_falls : forall P e,
  well_formed P -> homogeneous P -> In e (terms P) -> 0 < cost e -> ~ on_cycle P e ->
  exists d, falling P d /\ slope d e < 0.
Proof.
  intros P e Hwf Hhom Hin Hc Hno.
  destruct (indicator (path P (target e)) (hidden P)) as (r & Hout & Hr).
  assert (forall f, In f (terms P) -> 0 < cost f -> path P (target e) (source f) -> path P (target e) (target f)) as Hclosed.
  { intros f Hf Hcf H. apply path_trans with (source f); [exact H|apply path_of_term; assumption]. }
  destruct (classic (exists k, ~ In k (hidden P) /\ path P (target e) k)) as [(k & Hk & Hpk)|Hnone].
  - assert (forall m, ~ In m (hidden P) -> path P (target e) m) as Hall.
    { intros m Hm. apply path_trans with k; [exact Hpk|]. apply path_ground with m; [exact Hk|exact Hm|apply path_here]. }
    assert (forall m, (path P (target e) m -> r m = 0) /\ (~ path P (target e) m -> r m = 1)) as Hval.
    { intros m. destruct (in_dec Nat.eq_dec m (hidden P)) as [Hm|Hm]; [auto|].
      split; [intros _; apply Hout; exact Hm|intros H; exfalso; apply H, Hall, Hm]. }
    exists r. split; [split; [exact Hout|]|].
    + intros f Hf Hcf. unfold slope. rewrite (Hhom f Hf). destruct (proj2 Hwf f Hf) as (_ & _ & Ht & _).
      destruct (Hval (source f)) as [S1 S2], (Hval (target f)) as [T1 T2].
      destruct (classic (path P (target e) (source f))) as [Hs|Hs].
      * rewrite S1, T1 by auto. lra.
      * rewrite S2 by exact Hs. destruct (classic (path P (target e) (target f))) as [Ht'|Ht']; [rewrite T1|rewrite T2]; auto; nra.
    + unfold slope. rewrite (Hhom e Hin). destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _).
      rewrite (proj1 (Hval (target e))) by apply path_here. rewrite (proj2 (Hval (source e))) by exact Hno. nra.
  - assert (forall m, ~ In m (hidden P) -> ~ path P (target e) m) as Hall.
    { intros m Hm H. apply Hnone. exists m. auto. }
    pose (d := fun i => if in_dec Nat.eq_dec i (hidden P) then r i - 1 else 0).
    assert (forall m, (path P (target e) m -> d m = -1) /\ (~ path P (target e) m -> d m = 0)) as Hval.
    { intros m. unfold d. destruct (in_dec Nat.eq_dec m (hidden P)) as [Hm|Hm].
      - destruct (Hr m Hm) as [H1 H2]. split; intros H; [rewrite H1|rewrite H2]; auto; lra.
      - split; [intros H; exfalso; apply (Hall m Hm); exact H|reflexivity]. }
    exists d. split; [split|].
    + intros i Hi. apply Hval. apply Hall. exact Hi.
    + intros f Hf Hcf. unfold slope. rewrite (Hhom f Hf). destruct (proj2 Hwf f Hf) as (_ & _ & Ht & _).
      destruct (Hval (source f)) as [S1 S2], (Hval (target f)) as [T1 T2].
      destruct (classic (path P (target e) (source f))) as [Hs|Hs].
      * rewrite S1, T1 by auto. lra.
      * rewrite S2 by exact Hs. destruct (classic (path P (target e) (target f))) as [Ht'|Ht']; [rewrite T1|rewrite T2]; auto; nra.
    + unfold slope. rewrite (Hhom e Hin). destruct (proj2 Hwf e Hin) as (_ & _ & Ht & _).
      rewrite (proj1 (Hval (target e))) by apply path_here. rewrite (proj2 (Hval (source e))) by exact Hno. nra.
Qed.
