(* L comes from multipliers Λ, 1 on visible units, if and only if Σ L = 0 along every directed input-output path and every directed
   cycle.

   Corrected: If every synapse lies on a walk between visible units, L comes from multipliers if and only if Σ L = 0 along every
   directed path between visible units (inputs, biases, outputs, units that are not homogeneous) and every directed cycle. Exactly:
   the sums decide if and only if the synapses on no directed cycle of the coalesced graph form a forest once its strongly connected
   components are contracted.

   prop_5_4 is for graphs of at most one synapse from a unit to another; paths_and_cycles_decide_exactly for any finite network, parallel
   synapses included, with paths and cycles given by the synapses that they pass. A graph is a forest if the ends of each edge are joined
   by no others. *)

From Coq Require Import Reals Lra Lia List Relations Classical.
From Synbal Require finite_sums cycle_bases.
From Synbal Require Import walks.
Import ListNotations.
Open Scope R_scope.

(* `L u v` on the synapse from u to v is log (Λ v / Λ u). *)
Definition from_multipliers (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R) : Prop :=
  exists M : nat -> R,
    (forall i, 0 < M i) /\ (forall i, visible i -> M i = 1) /\ (forall u v, synapse u v -> L u v = ln (M v / M u)).

Lemma from_multipliers_self_consistent :
  forall (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    from_multipliers synapse visible L <-> self_consistent synapse visible L.
Proof.
  intros synapse visible L. split.
  - intros (M & Hpos & Hone & HL). exists (fun i => ln (M i)). split.
    + intros i Hi. rewrite (Hone i Hi). apply ln_1.
    + intros u v Huv. rewrite (HL u v Huv). unfold Rdiv.
      rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; apply Hpos). ring.
  - intros (x & Hzero & Hx). exists (fun i => exp (x i)). split; [intros; apply exp_pos|]. split.
    + intros i Hi. rewrite (Hzero i Hi). apply exp_0.
    + intros u v Huv. rewrite (Hx u v Huv). unfold Rdiv.
      rewrite ln_mult, ln_Rinv, !ln_exp by (try apply Rinv_0_lt_compat; apply exp_pos). ring.
Qed.

(* In a network of n units. Only one direction needs the hypothesis that every synapse lies on a walk between visible units. *)
Theorem prop_5_4 :
  forall (n : nat) (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    on_walks synapse visible ->
    (from_multipliers synapse visible L <-> sums_vanish synapse visible L).
Proof.
  intros n synapse visible L Hbound Hvisible Hon. rewrite from_multipliers_self_consistent. split.
  - apply self_consistent_sums_vanish.
  - apply sums_vanish_self_consistent with n; assumption.
Qed.

Theorem multipliers_make_sums_vanish :
  forall (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (L : nat -> nat -> R),
    from_multipliers synapse visible L -> sums_vanish synapse visible L.
Proof.
  intros synapse visible L H. apply self_consistent_sums_vanish. apply from_multipliers_self_consistent. exact H.
Qed.

(** The exact condition *)

Section Exactly.

Import finite_sums cycle_bases.

(* m synapses; synapse k goes from the unit `from k` to the unit `to k`. *)
Variables (n m : nat) (from to : nat -> nat) (visible : nat -> Prop).
Hypothesis bounded : forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat.
Hypothesis visible_bounded : forall i, visible i -> (i < n)%nat.

Local Notation route := (route m from to visible).
Local Notation directed_cycle := (directed_cycle m from to visible).
Local Notation consistent := (consistent m from to visible).
Local Notation dot := (dot m).

(* Synapse after synapse, from u to v. *)
Fixpoint passes (u v : nat) (l : list nat) : Prop :=
  match l with
  | [] => u = v
  | k :: l => (k < m)%nat /\ from k = u /\ passes (to k) v l
  end.

Fixpoint total (L : nat -> R) (l : list nat) : R :=
  match l with
  | [] => 0
  | k :: l => L k + total L l
  end.

(* Paths visit no unit twice, cycles only that at which they begin and end. *)
Definition directed_path (u v : nat) (l : list nat) : Prop := passes u v l /\ NoDup (u :: map to l).
Definition simple_cycle (l : list nat) : Prop := l <> [] /\ NoDup (map to l) /\ exists u, passes u u l.

Definition all_sums_vanish (L : nat -> R) : Prop :=
  (forall u v l, visible u -> visible v -> directed_path u v l -> total L l = 0) /\ (forall l, simple_cycle l -> total L l = 0).

Lemma passes_app : forall l r u v w, passes u v l -> passes v w r -> passes u w (l ++ r).
Proof.
  induction l as [|k l IH]; intros r u v w H1 H2; simpl in *; [subst; exact H2|].
  destruct H1 as (Hk & Hf & H1). split; [exact Hk|]. split; [exact Hf|]. apply IH with v; assumption.
Qed.

Lemma passes_split : forall l r u w j, passes u w (l ++ j :: r) -> passes u (to j) (l ++ [j]) /\ passes (to j) w r.
Proof.
  induction l as [|k l IH]; intros r u w j H; simpl in *.
  - destruct H as (Hj & Hf & H). auto.
  - destruct H as (Hk & Hf & H). destruct (IH r (to k) w j H) as (H1 & H2). auto.
Qed.

Lemma total_app : forall L l r, total L (l ++ r) = total L l + total L r.
Proof. intros L l r. induction l as [|k l IH]; simpl; [ring|rewrite IH; ring]. Qed.

(* Cycles can be cut out of a walk. *)
Lemma path_of_walk : forall L, (forall l, simple_cycle l -> total L l = 0) ->
  forall l u v, passes u v l -> exists r, directed_path u v r /\ total L r = total L l.
Proof.
  intros L Hcycles. induction l as [|k l IH]; intros u v H.
  - exists []. simpl in *. split; [split; [exact H|repeat constructor; simpl; tauto]|reflexivity].
  - destruct H as (Hk & Hf & H). destruct (IH (to k) v H) as (p & (Hp & Hn) & E). simpl total. rewrite <- E.
    destruct (in_dec Nat.eq_dec u (to k :: map to p)) as [Hin|Hout].
    + destruct Hin as [Hself|Hin].
      * exists p. rewrite <- Hself. split; [split; assumption|].
        assert (Hc : total L [k] = 0).
        { apply Hcycles. split; [discriminate|]. split; [repeat constructor; simpl; tauto|]. exists u. simpl. auto. }
        simpl in Hc. lra.
      * apply in_map_iff in Hin. destruct Hin as (j & Hj & Hjp). destruct (in_split j p Hjp) as (p1 & p2 & ->).
        destruct (passes_split _ _ _ _ _ Hp) as (H1 & H2). rewrite map_app in Hn. simpl in Hn.
        assert (Hc : total L (k :: p1 ++ [j]) = 0).
        { apply Hcycles. split; [discriminate|]. split; [|exists u; simpl; rewrite Hj in H1; auto].
          simpl. rewrite map_app. simpl.
          change (NoDup ((to k :: map to p1) ++ [to j])).
          assert (Hn' : NoDup (((to k :: map to p1) ++ [to j]) ++ map to p2)) by (rewrite <- app_assoc; exact Hn).
          clear - Hn'. induction (map to p2) as [|a t IHt] using rev_ind; [rewrite app_nil_r in Hn'; exact Hn'|].
          apply IHt. rewrite app_assoc in Hn'. apply NoDup_remove_1 in Hn'. rewrite app_nil_r in Hn'. exact Hn'. }
        exists p2. split; [split; [rewrite <- Hj; exact H2|]|].
        { rewrite <- Hj. clear - Hn. change (NoDup ((to k :: map to p1) ++ (to j :: map to p2))) in Hn.
          induction (to k :: map to p1) as [|a t IHt]; [exact Hn|]. apply IHt. inversion Hn; assumption. }
        simpl in Hc. rewrite total_app in *. simpl in *. lra.
    + exists (k :: p). split; [|reflexivity]. split; [simpl; auto|]. simpl. constructor; [exact Hout|exact Hn].
Qed.

Lemma closed_walk_vanishes : forall L, (forall l, simple_cycle l -> total L l = 0) -> forall l u, passes u u l -> total L l = 0.
Proof.
  intros L Hcycles l u H. destruct (path_of_walk L Hcycles l u u H) as (r & (Hr & Hn) & <-).
  destruct r as [|k r]; [reflexivity|exfalso].
  assert (Hlast : forall r a b, passes a b r -> r <> [] -> In b (map to r)).
  { clear. induction r as [|k r IH]; intros a b H Hne; [contradiction|]. destruct H as (_ & _ & H). destruct r as [|j r].
    - simpl in *. left. exact H.
    - right. apply (IH (to k)); [exact H|discriminate]. }
  inversion Hn as [|? ? Hno _]; subst. apply Hno. apply (Hlast (k :: r) u u Hr). discriminate.
Qed.

(* Directed cycles of the coalesced graph, which may pass the ground again and again, sum to 0 if paths and simple cycles do. *)
Lemma walk_is_route : forall L l u v, passes u v l -> exists c, route u v c /\ dot c L = total L l.
Proof.
  intros L l. induction l as [|k l IH] using rev_ind; intros u v H.
  - simpl in H. subst. exists (fun _ => 0). split; [apply route_stay; reflexivity|]. unfold cycle_bases.dot. apply sum_zero. intros; ring.
  - destruct (passes_split l [] u v k H) as (Hl & Hv). simpl in Hv. subst v.
    assert (Hk : (k < m)%nat /\ passes u (from k) l).
    { clear - Hl. revert u Hl. induction l as [|j l IH]; intros u H; simpl in *; [destruct H as (Hk & Hf & _); auto|].
      destruct H as (Hj & Hf & H). destruct (IH (to j) H). auto. }
    destruct Hk as (Hk & Hp). destruct (IH u (from k) Hp) as (c & Hc & E).
    exists (fun j => c j + (if Nat.eqb j k then 1 else 0)). split.
    + apply route_synapse with (from k) c; auto.
    + rewrite (dot_step m c _ L k 1 Hk) by (intros; ring). rewrite total_app, E. simpl. ring.
Qed.

Lemma route_in_parts : forall L, all_sums_vanish L -> forall u v c, route u v c ->
  (exists l, passes u v l /\ dot c L = total L l) \/
  (exists a b l r, visible a /\ visible b /\ passes u a l /\ passes b v r /\ dot c L = total L l + total L r).
Proof.
  intros L (Hpaths & Hcycles) u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hf Hc|u v v' c H IH Hv Hv'].
  - left. exists []. split; [reflexivity|]. unfold cycle_bases.dot. apply sum_zero. intros k _. rewrite Hc. ring.
  - assert (E : dot c' L = dot c L + L k) by (rewrite (dot_step m c c' L k 1 Hk) by (intros; rewrite Hc; ring); ring).
    assert (Hone : passes v (to k) [k]) by (simpl; auto).
    destruct IH as [(l & Hl & El)|(a & b & l & r & Ha & Hb & Hl & Hr & El)].
    + left. exists (l ++ [k]). split; [apply passes_app with v; assumption|]. rewrite E, El, total_app. simpl. ring.
    + right. exists a, b, l, (r ++ [k]). repeat split; auto; [apply passes_app with v; assumption|]. rewrite E, El, total_app. simpl. ring.
  - right. destruct IH as [(l & Hl & El)|(a & b & l & r & Ha & Hb & Hl & Hr & El)].
    + exists v, v', l, []. repeat split; auto. rewrite El. simpl. ring.
    + exists a, v', l, []. repeat split; auto. rewrite El. destruct (path_of_walk L Hcycles r b v Hr) as (q & Hq & <-).
      rewrite (Hpaths b v q Hb Hv Hq). simpl. ring.
Qed.

Lemma sums_vanish_iff : forall L, all_sums_vanish L <-> forall c, directed_cycle c -> dot c L = 0.
Proof.
  intros L. split.
  - intros Hall c (u & Hu). assert (Hall' := Hall). destruct Hall' as (Hpaths & Hcycles).
    destruct (route_in_parts L Hall u u c Hu) as [(l & Hl & ->)|(a & b & l & r & Ha & Hb & Hl & Hr & ->)].
    + apply (closed_walk_vanishes L Hcycles l u Hl).
    + rewrite Rplus_comm, <- total_app. destruct (path_of_walk L Hcycles (r ++ l) b a) as (q & Hq & <-); [apply passes_app with u; assumption|].
      apply (Hpaths b a q Hb Ha Hq).
  - intros H. split.
    + intros u v l Hu Hv (Hl & _). destruct (walk_is_route L l u v Hl) as (c & Hc & <-). apply H. exists u.
      apply route_ground with v; assumption.
    + intros l (_ & _ & u & Hl). destruct (walk_is_route L l u u Hl) as (c & Hc & <-). apply H. exists u. exact Hc.
Qed.

(* From u a directed walk of the coalesced graph leads to v. *)
Definition reaches (u v : nat) : Prop := exists c, route u v c.
Definition on_directed_cycle (k : nat) : Prop := reaches (to k) (from k).

(* Strongly connected components contracted: what remains are the synapses on no directed cycle. In a forest the ends of none are
   joined by the others. *)
Definition contracted_without (k : nat) (u v : nat) : Prop :=
  (exists j, (j < m)%nat /\ j <> k /\ ~ on_directed_cycle j /\ from j = u /\ to j = v) \/ (reaches u v /\ reaches v u).
Definition contracted_is_a_forest : Prop :=
  forall k, (k < m)%nat -> ~ on_directed_cycle k -> ~ clos_refl_sym_trans nat (contracted_without k) (from k) (to k).

Definition only (k j : nat) : R := if Nat.eqb j k then 1 else 0.

Lemma dot_only : forall c k, (k < m)%nat -> dot c (only k) = c k.
Proof.
  intros c k Hk. unfold cycle_bases.dot. rewrite (sum_single m _ k Hk); unfold only.
  - rewrite Nat.eqb_refl. ring.
  - intros j _ Hj. destruct (Nat.eqb_spec j k); [contradiction|ring].
Qed.

Lemma synapse_reaches : forall k, (k < m)%nat -> reaches (from k) (to k).
Proof.
  intros k Hk. exists (fun j => 0 + (if Nat.eqb j k then 1 else 0)).
  apply route_synapse with (from k) (fun _ => 0); auto. apply route_stay. reflexivity.
Qed.

Lemma reaches_trans : forall u v w, reaches u v -> reaches v w -> reaches u w.
Proof. intros u v w (c & Hc) (d & Hd). destruct (route_join m from to visible u v w c d Hc Hd) as (e & He & _). exists e. exact He. Qed.

(* What a route passes, it passes through. *)
Lemma route_count : forall k u v c, route u v c -> 0 <= c k /\ (c k = 0 \/ (reaches u (from k) /\ reaches (to k) v)).
Proof.
  intros k u v c H. induction H as [u c Hc|u v c c' j H IH Hj Hf Hc|u v v' c H IH Hv Hv'].
  - rewrite Hc. split; [lra|left; reflexivity].
  - rewrite Hc. destruct IH as (Hpos & Hor). destruct (Nat.eqb_spec k j) as [->|Hne].
    + split; [lra|]. right. split; [exists c; rewrite Hf; exact H|]. exists (fun _ => 0). apply route_stay. reflexivity.
    + rewrite Rplus_0_r. split; [exact Hpos|]. destruct Hor as [Hz|(H1 & H2)]; [left; exact Hz|]. right. split; [exact H1|].
      apply reaches_trans with v; [exact H2|]. rewrite <- Hf. apply synapse_reaches. exact Hj.
  - destruct IH as (Hpos & [Hz|(H1 & H2)]); (split; [exact Hpos|]); [left; exact Hz|]. right. split; [exact H1|].
    apply reaches_trans with v; [exact H2|]. exists (fun _ => 0). apply route_ground with v; auto. apply route_stay. reflexivity.
Qed.

Lemma directed_cycle_avoids : forall k c, ~ on_directed_cycle k -> directed_cycle c -> c k = 0.
Proof.
  intros k c Hk (u & Hu). destruct (route_count k u u c Hu) as (_ & [Hz|(H1 & H2)]); [exact Hz|].
  exfalso. apply Hk. apply reaches_trans with u; assumption.
Qed.

Lemma consistent_plus : forall L M N, consistent L -> consistent M -> (forall k, (k < m)%nat -> N k = L k + M k) -> consistent N.
Proof.
  intros L M N (x & Hx0 & Hx) (y & Hy0 & Hy) H. exists (fun i => x i + y i). split.
  - intros i Hi. rewrite (Hx0 i Hi), (Hy0 i Hi). ring.
  - intros k Hk. rewrite (H k Hk), (Hx k Hk), (Hy k Hk). ring.
Qed.

Lemma bridge_is_free : forall k a, (k < m)%nat -> ~ on_directed_cycle k ->
  ~ clos_refl_sym_trans nat (contracted_without k) (from k) (to k) -> consistent (fun j => a * only k j).
Proof.
  intros k a Hk Hno Hbridge. set (J := clos_refl_sym_trans nat (contracted_without k)).
  destruct (finite_choice n (fun i r => (J i (to k) -> r = a) /\ (~ J i (to k) -> r = 0))) as (y & Hy).
  { intros i _. destruct (classic (J i (to k))) as [H|H]; [exists a|exists 0]; tauto. }
  destruct (bounded k Hk) as (Bf & Bt).
  assert (Hjoin : forall i j, (i < n)%nat -> (j < n)%nat -> contracted_without k i j -> y i = y j).
  { intros i j Hi Hj H. destruct (Hy i Hi) as (Y1 & Y2), (Hy j Hj) as (Z1 & Z2).
    destruct (classic (J i (to k))) as [Hp|Hp].
    - rewrite Y1 by exact Hp. symmetry. apply Z1. apply rst_trans with i; [apply rst_sym, rst_step; exact H|exact Hp].
    - rewrite Y2 by exact Hp. symmetry. apply Z2. intros Hq. apply Hp. apply rst_trans with j; [apply rst_step; exact H|exact Hq]. }
  assert (Hvis : forall i j, visible i -> visible j -> y i = y j).
  { assert (Hone : forall i j, visible i -> visible j -> reaches i j).
    { intros i j Hi Hj. exists (fun _ => 0). apply route_ground with i; auto. apply route_stay. reflexivity. }
    intros i j Hi Hj. apply Hjoin; auto. right. auto. }
  destruct (classic (exists g, visible g)) as [(g & Hg)|Hnone].
  - exists (fun i => y i - y g). split; [intros i Hi; rewrite (Hvis i g Hi Hg); ring|].
    intros j Hj. destruct (bounded j Hj) as (B1 & B2). unfold only. destruct (Nat.eqb_spec j k) as [->|Hne].
    + rewrite (proj1 (Hy (to k) Bt)) by apply rst_refl. rewrite (proj2 (Hy (from k) Bf)) by exact Hbridge. ring.
    + rewrite (Hjoin (from j) (to j) B1 B2); [ring|]. destruct (classic (on_directed_cycle j)) as [Hc|Hc].
      * right. split; [apply synapse_reaches; exact Hj|exact Hc].
      * left. exists j. auto.
  - exists y. split; [intros i Hi; exfalso; apply Hnone; exists i; exact Hi|].
    intros j Hj. destruct (bounded j Hj) as (B1 & B2). unfold only. destruct (Nat.eqb_spec j k) as [->|Hne].
    + rewrite (proj1 (Hy (to k) Bt)) by apply rst_refl. rewrite (proj2 (Hy (from k) Bf)) by exact Hbridge. ring.
    + rewrite (Hjoin (from j) (to j) B1 B2); [ring|]. destruct (classic (on_directed_cycle j)) as [Hc|Hc].
      * right. split; [apply synapse_reaches; exact Hj|exact Hc].
      * left. exists j. auto.
Qed.

(* Whatever the synapses on no cycle have, they can have. *)
Lemma forest_is_free : contracted_is_a_forest -> forall L, (forall k, (k < m)%nat -> on_directed_cycle k -> L k = 0) -> consistent L.
Proof.
  intros Hforest L HL.
  assert (H : forall q, (q <= m)%nat -> consistent (fun j => if Nat.ltb j q then L j else 0)).
  { induction q as [|q IH]; intros Hq.
    - exists (fun _ => 0). split; [reflexivity|]. intros k _. simpl. ring.
    - destruct (classic (on_directed_cycle q)) as [Hc|Hc].
      + destruct (IH ltac:(lia)) as (x & Hx0 & Hx). exists x. split; [exact Hx0|]. intros k Hk. rewrite <- (Hx k Hk).
        destruct (Nat.ltb_spec k (S q)), (Nat.ltb_spec k q); try lia; try reflexivity.
        replace k with q in * by lia. rewrite (HL q) by (assumption || lia). reflexivity.
      + apply (consistent_plus _ _ _ (IH ltac:(lia)) (bridge_is_free q (L q) ltac:(lia) Hc (Hforest q ltac:(lia) Hc))).
        intros k _. unfold only. destruct (Nat.ltb_spec k (S q)), (Nat.ltb_spec k q), (Nat.eqb_spec k q); try lia; subst; ring. }
  destruct (H m (Nat.le_refl m)) as (x & Hx0 & Hx). exists x. split; [exact Hx0|]. intros k Hk. rewrite <- (Hx k Hk).
  destruct (Nat.ltb_spec k m); [reflexivity|lia].
Qed.

Lemma decides_iff_forest :
  (forall L, (forall c, directed_cycle c -> dot c L = 0) -> consistent L) <-> contracted_is_a_forest.
Proof.
  split.
  - intros Hdec k Hk Hno Hjoin. destruct (Hdec (only k)) as (x & Hx0 & Hx).
    { intros c Hc. rewrite dot_only by exact Hk. apply directed_cycle_avoids; assumption. }
    assert (Hsc : consistent (only k)) by (exists x; auto).
    assert (Hroute : forall u v c, route u v c -> dot c (only k) = x v - x u).
    { intros u v c H. induction H as [u c Hc|u v c c' j H IH Hj Hf Hc|u v v' c H IH Hv Hv'].
      - unfold cycle_bases.dot. rewrite sum_zero; [ring|]. intros j _. rewrite Hc. ring.
      - rewrite (dot_step m c c' (only k) j 1 Hj) by (intros; rewrite Hc; ring). rewrite IH, (Hx j Hj), Hf. ring.
      - rewrite IH, (Hx0 v Hv), (Hx0 v' Hv'). ring. }
    assert (Hsame : forall u v, clos_refl_sym_trans nat (contracted_without k) u v -> x u = x v).
    { intros u v H. induction H as [u v H|u|u v _ IH|u v w _ IH1 _ IH2]; [|reflexivity|congruence|congruence].
      destruct H as [(j & Hj & Hne & _ & <- & <-)|((c & Hc) & (d & Hd))].
      - specialize (Hx j Hj). unfold only in Hx. destruct (Nat.eqb_spec j k); [contradiction|lra].
      - assert (E1 := Hroute u v c Hc). assert (E2 := Hroute v u d Hd). rewrite dot_only in E1, E2 by exact Hk.
        destruct (route_count k u v c Hc) as (P1 & _). destruct (route_count k v u d Hd) as (P2 & _). lra. }
    assert (E := Hx k Hk). unfold only in E. rewrite Nat.eqb_refl, (Hsame _ _ Hjoin) in E. lra.
  - intros Hforest L HL.
    (* The synapses on no cycle are made self-connections. *)
    assert (exists cyc : nat -> bool, forall k, (k < m)%nat -> (cyc k = true <-> on_directed_cycle k)) as (cyc & Hcyc).
    { clear. induction m as [|q IH]; [exists (fun _ => true); intros; lia|]. destruct IH as (D & HD).
      destruct (classic (on_directed_cycle q)) as [H|H].
      - exists (fun i => if Nat.eqb i q then true else D i). intros i Hi. destruct (Nat.eqb_spec i q) as [->|Hne]; [tauto|apply HD; lia].
      - exists (fun i => if Nat.eqb i q then false else D i). intros i Hi. destruct (Nat.eqb_spec i q) as [->|Hne]; [split; [discriminate|tauto]|apply HD; lia]. }
    set (to' := fun k => if cyc k then to k else from k).
    set (L' := fun k => if cyc k then L k else 0).
    assert (Hto : forall k, (k < m)%nat -> (from k < n)%nat /\ (to' k < n)%nat).
    { intros k Hk. destruct (bounded k Hk). unfold to'. destruct (cyc k); auto. }
    assert (Hback : forall u v c, cycle_bases.route m from to' visible u v c -> exists d, route u v d /\ dot c L' = dot d L').
    { intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hf Hc|u v v' c H IH Hv Hv'].
      - exists (fun _ => 0). split; [apply route_stay; reflexivity|]. unfold cycle_bases.dot.
        rewrite !sum_zero; [reflexivity|intros; ring|intros k _; rewrite Hc; ring].
      - destruct IH as (d & Hd & E). rewrite (dot_step m c c' L' k 1 Hk) by (intros; rewrite Hc; ring).
        unfold to'. destruct (cyc k) eqn:Ek.
        + exists (fun j => d j + (if Nat.eqb j k then 1 else 0)). split; [apply route_synapse with v d; auto|].
          rewrite (dot_step m d (fun j => d j + (if Nat.eqb j k then 1 else 0)) L' k 1 Hk) by (intros; ring). rewrite E. reflexivity.
        + exists d. split; [rewrite Hf; exact Hd|]. assert (Z : L' k = 0) by (unfold L'; rewrite Ek; reflexivity). rewrite Z, E. ring.
      - destruct IH as (d & Hd & E). exists d. split; [apply route_ground with v; assumption|exact E]. }
    assert (Hforth : forall u v c, route u v c -> reaches v u -> exists d, cycle_bases.route m from to' visible u v d).
    { intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hf Hc|u v v' c H IH Hv Hv']; intros Hr.
      - exists c. apply route_stay. exact Hc.
      - assert (Hon : on_directed_cycle k).
        { apply reaches_trans with u; [exact Hr|]. exists c. rewrite Hf. exact H. }
        destruct IH as (d & Hd); [apply reaches_trans with (to k); [rewrite <- Hf; apply synapse_reaches; exact Hk|exact Hr]|].
        assert (E : to' k = to k) by (unfold to'; rewrite (proj2 (Hcyc k Hk) Hon); reflexivity). rewrite <- E.
        exists (fun j => d j + (if Nat.eqb j k then 1 else 0)). apply route_synapse with v d; auto.
      - destruct IH as (d & Hd).
        { apply reaches_trans with v'; [|exact Hr]. exists (fun _ => 0). apply route_ground with v; auto. apply route_stay. reflexivity. }
        exists d. apply route_ground with v; assumption. }
    assert (Hall : all_on_directed_cycles m from to' visible).
    { intros k Hk. unfold to'. destruct (cyc k) eqn:Ek.
      - destruct (proj1 (Hcyc k Hk) Ek) as (c & Hc). apply (Hforth (to k) (from k) c Hc). apply synapse_reaches. exact Hk.
      - exists (fun _ => 0). apply route_stay. reflexivity. }
    destruct (directed_suffices n m from to' visible Hto visible_bounded Hall L') as (x & Hx0 & Hx).
    { intros c (u & Hu). destruct (Hback u u c Hu) as (d & Hd & ->). rewrite <- (HL d) by (exists u; exact Hd).
      apply sum_ext. intros k Hk. unfold L'. destruct (cyc k) eqn:Ek; [reflexivity|].
      rewrite (directed_cycle_avoids k d); [ring| |exists u; exact Hd]. intros Hon. apply (Hcyc k Hk) in Hon. congruence. }
    assert (Hmain : consistent (fun k => x (to k) - x (from k))) by (exists x; auto).
    assert (Hrest : consistent (fun k => L k - (x (to k) - x (from k)))).
    { apply forest_is_free; [exact Hforest|]. intros k Hk Hon. apply (Hcyc k Hk) in Hon. specialize (Hx k Hk).
      unfold L', to' in Hx. rewrite Hon in Hx. lra. }
    apply (consistent_plus _ _ _ Hmain Hrest). intros k _. ring.
Qed.

End Exactly.

Theorem paths_and_cycles_decide_exactly :
  forall (n m : nat) (from to : nat -> nat) (visible : nat -> Prop),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    ((forall L : nat -> R,
        (exists x : nat -> R, (forall i, visible i -> x i = 0) /\ forall k, (k < m)%nat -> L k = x (to k) - x (from k)) <->
        all_sums_vanish m from to visible L) <->
     contracted_is_a_forest m from to visible).
Proof.
  intros n m from to visible Hb Hv. rewrite <- (decides_iff_forest n m from to visible Hb Hv). split.
  - intros H L HL. apply (H L). apply (sums_vanish_iff m from to visible). exact HL.
  - intros H L. split.
    + intros HL. apply (sums_vanish_iff m from to visible). intros c Hc. apply (cycle_bases.directed_vanishes m from to visible L c HL Hc).
    + intros HL. apply H. apply (sums_vanish_iff m from to visible). exact HL.
Qed.

(* The hypothesis of the statement is enough: every synapse lies on a walk between visible units. *)
Theorem walks_between_visible_units_suffice :
  forall (m : nat) (from to : nat -> nat) (visible : nat -> Prop),
    (forall k, (k < m)%nat -> exists u v l r, visible u /\ visible v /\ passes m from to u v (l ++ k :: r)) ->
    contracted_is_a_forest m from to visible.
Proof.
  intros m from to visible H k Hk Hno. exfalso. apply Hno. destruct (H k Hk) as (u & v & l & r & Hu & Hv & Hp).
  destruct (passes_split m from to l r u v k Hp) as (H1 & H2).
  assert (Hl : passes m from to u (from k) l).
  { clear - H1. revert u H1. induction l as [|j l IH]; intros u H; simpl in *; [destruct H as (_ & Hf & _); congruence|].
    destruct H as (Hj & Hf & H). auto. }
  destruct (walk_is_route m from to visible (fun _ => 0) r (to k) v H2) as (c & Hc & _).
  destruct (walk_is_route m from to visible (fun _ => 0) l u (from k) Hl) as (d & Hd & _).
  unfold on_directed_cycle. apply reaches_trans with u; [|exists d; exact Hd]. exists c. apply cycle_bases.route_ground with v; assumption.
Qed.
