(* A basis of the constraints that cycles put on the manifold: as many as there are synapses, less the dimension. *)

From Coq Require Import Reals Lra Lia List Arith Relations Classical.
From Synbal Require Import finite_sums walks manifolds trails.
Open Scope R_scope.

(** Fewer equations than unknowns *)

Lemma sum_without : forall m p f, (p <= m)%nat ->
  sum (S m) f = sum m (fun j => f (if Nat.eqb j p then m else j)) + f p.
Proof.
  intros m p f Hp. simpl. destruct (Nat.eq_dec p m) as [->|Hne].
  - f_equal. apply sum_ext. intros j Hj. destruct (Nat.eqb_spec j m); [lia|reflexivity].
  - assert (D : sum m (fun j => f j - f (if Nat.eqb j p then m else j)) = f p - f m).
    { rewrite (sum_single m _ p); [rewrite Nat.eqb_refl; reflexivity|lia|].
      intros j Hj Hjp. destruct (Nat.eqb_spec j p); [contradiction|ring]. }
    rewrite sum_minus in D. lra.
Qed.

Lemma homogeneous_system : forall k m (a : nat -> nat -> R), (k < m)%nat ->
  exists c : nat -> R, (exists j, (j < m)%nat /\ c j <> 0) /\ forall i, (i < k)%nat -> sum m (fun j => a i j * c j) = 0.
Proof.
  induction k as [|k IH]; intros m a Hkm.
  - exists (fun _ => 1). split; [exists O; split; [lia|lra]|intros i Hi; lia].
  - destruct (classic (exists p, (p < m)%nat /\ a k p <> 0)) as [(p & Hp & Hpivot)|Hno].
    + destruct m as [|m]; [lia|].
      pose (s := fun j => if Nat.eqb j p then m else j).
      destruct (IH m (fun i j => a i (s j) - a i p * a k (s j) / a k p) ltac:(lia)) as (c & (j0 & Hj0 & Hc0) & Hc).
      pose (cp := - sum m (fun j => a k (s j) * c j) / a k p).
      pose (c' := fun j => if Nat.eqb j p then cp else c (if Nat.eqb j m then p else j)).
      assert (Hs : forall j, (j < m)%nat -> c' (s j) = c j).
      { intros j Hj. unfold c', s. destruct (Nat.eqb_spec j p) as [->|Hjp].
        - destruct (Nat.eqb_spec m p); [lia|]. rewrite Nat.eqb_refl. reflexivity.
        - destruct (Nat.eqb_spec j p); [contradiction|]. destruct (Nat.eqb_spec j m); [lia|reflexivity]. }
      assert (Hsum : forall i, sum (S m) (fun j => a i j * c' j) = sum m (fun j => a i (s j) * c j) + a i p * cp).
      { intros i. rewrite (sum_without m p) by lia. f_equal.
        - apply sum_ext. intros j Hj. fold (s j). rewrite Hs by exact Hj. reflexivity.
        - unfold c'. rewrite Nat.eqb_refl. reflexivity. }
      exists c'. split.
      * exists (s j0). split; [unfold s; destruct (Nat.eqb_spec j0 p); lia|]. rewrite Hs by exact Hj0. exact Hc0.
      * intros i Hi. rewrite Hsum. destruct (Nat.eq_dec i k) as [->|Hne].
        { unfold cp. field. exact Hpivot. }
        specialize (Hc i ltac:(lia)).
        rewrite (sum_ext m _ (fun j => a i (s j) * c j - a i p / a k p * (a k (s j) * c j))) in Hc by (intros; field; exact Hpivot).
        rewrite sum_minus, sum_scale in Hc. unfold cp.
        replace (a i p * (- sum m (fun j => a k (s j) * c j) / a k p)) with (- (a i p / a k p * sum m (fun j => a k (s j) * c j))) by (field; exact Hpivot). lra.
    + destruct (IH m a ltac:(lia)) as (c & Hc0 & Hc). exists c. split; [exact Hc0|]. intros i Hi.
      destruct (Nat.eq_dec i k) as [->|Hne]; [|apply Hc; lia]. apply sum_zero. intros j Hj.
      destruct (Req_dec (a k j) 0) as [->|Hne]; [ring|]. exfalso. apply Hno. exists j. auto.
Qed.


Section Basis.
Variables (n m h : nat) (from to : nat -> nat) (visible root : nat -> Prop) (hid : nat -> nat).
Hypothesis bounded : forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat.
Definition synapse (u v : nat) : Prop := exists k, (k < m)%nat /\ from k = u /\ to k = v.
Hypothesis Hroots : roots n synapse visible root.
Hypothesis hid_free : forall j, (j < h)%nat -> (hid j < n)%nat /\ free visible root (hid j).
Hypothesis hid_all : forall i, (i < n)%nat -> free visible root i -> exists j, (j < h)%nat /\ hid j = i.
Hypothesis hid_once : forall i j, (i < h)%nat -> (j < h)%nat -> hid i = hid j -> i = j.

Definition dot (c L : nat -> R) : R := sum m (fun k => c k * L k).
Definition consistent (L : nat -> R) : Prop :=
  exists x : nat -> R, (forall i, visible i -> x i = 0) /\ forall k, (k < m)%nat -> L k = x (to k) - x (from k).

Lemma synapse_bounded : forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat.
Proof. intros u v (k & Hk & <- & <-). apply bounded. exact Hk. Qed.

(* A class of cycles: those along which everything consistent vanishes, and whose vanishing makes consistent. *)
Variable cyc : (nat -> R) -> Prop.
Hypothesis consistent_vanishes : forall L c, consistent L -> cyc c -> dot c L = 0.
Hypothesis vanishing_consistent : forall L, (forall c, cyc c -> dot c L = 0) -> consistent L.

Definition independent (r : nat) (F : nat -> nat -> R) : Prop :=
  forall c : nat -> R, (forall k, (k < m)%nat -> sum r (fun i => c i * F i k) = 0) -> forall i, (i < r)%nat -> c i = 0.
Definition decides (r : nat) (F : nat -> nat -> R) : Prop :=
  forall L, consistent L <-> forall i, (i < r)%nat -> dot (F i) L = 0.

Lemma at_most : forall r F, independent r F -> (r <= m)%nat.
Proof.
  intros r F Hind. destruct (le_lt_dec r m) as [|Hlt]; [assumption|]. exfalso.
  destruct (homogeneous_system m r (fun k i => F i k) Hlt) as (c & (j & Hj & Hcj) & Hc).
  apply Hcj. apply (Hind c); [|exact Hj]. intros k Hk. rewrite <- (Hc k Hk). apply sum_ext. intros; ring.
Qed.

Lemma dot_sum : forall r c (F : nat -> nat -> R) L, sum m (fun k => sum r (fun i => c i * F i k) * L k) = sum r (fun i => c i * dot (F i) L).
Proof.
  intros r c F L. rewrite (sum_ext m _ (fun k => sum r (fun i => c i * (F i k * L k)))).
  - rewrite sum_swap. apply sum_ext. intros i _. apply sum_scale.
  - intros k _. rewrite <- sum_scale_r. apply sum_ext. intros; ring.
Qed.

Lemma extend : forall r F, independent r F -> (forall i, (i < r)%nat -> cyc (F i)) -> ~ decides r F ->
  exists F', independent (S r) F' /\ forall i, (i < S r)%nat -> cyc (F' i).
Proof.
  intros r F Hind Hdir Hno.
  assert (exists L, (forall i, (i < r)%nat -> dot (F i) L = 0) /\ ~ consistent L) as (L & HL & Hsc).
  { apply NNPP. intros H. apply Hno. intros L. split.
    - intros Hsc i Hi. apply consistent_vanishes; [exact Hsc|apply Hdir; exact Hi].
    - intros HL. apply NNPP. intros Hsc. apply H. exists L. auto. }
  assert (exists l, cyc l /\ dot l L <> 0) as (l & Hl & Hne).
  { apply NNPP. intros H. apply Hsc. apply vanishing_consistent. intros c Hc. apply NNPP. intros Hne. apply H. exists c. auto. }
  exists (fun i => if Nat.eqb i r then l else F i). split.
  - intros c Hc.
    assert (Hr : c r = 0).
    { assert (T : sum m (fun k => sum (S r) (fun i => c i * (if Nat.eqb i r then l else F i) k) * L k) = 0).
      { apply sum_zero. intros k Hk. rewrite Hc by exact Hk. ring. }
      rewrite (dot_sum (S r) c (fun i => if Nat.eqb i r then l else F i) L) in T.
      simpl in T. rewrite Nat.eqb_refl in T. rewrite sum_zero in T.
      - rewrite Rplus_0_l in T. apply Rmult_integral in T. destruct T; [assumption|contradiction].
      - intros i Hi. destruct (Nat.eqb_spec i r); [lia|]. rewrite HL by exact Hi. ring. }
    intros i Hi. destruct (Nat.eq_dec i r) as [->|Hir]; [exact Hr|]. apply (Hind c); [|lia].
    intros k Hk. specialize (Hc k Hk). simpl in Hc. rewrite Hr, Rmult_0_l, Rplus_0_r in Hc. rewrite <- Hc. apply sum_ext.
    intros j Hj. destruct (Nat.eqb_spec j r); [lia|reflexivity].
  - intros i Hi. destruct (Nat.eqb_spec i r); [exact Hl|apply Hdir; lia].
Qed.

Lemma a_basis : exists r F, independent r F /\ (forall i, (i < r)%nat -> cyc (F i)) /\ decides r F.
Proof.
  apply NNPP. intros Hno.
  assert (H : forall r, exists F, independent r F /\ forall i, (i < r)%nat -> cyc (F i)).
  { induction r as [|r (F & Hind & Hdir)].
    - exists (fun _ _ => 0). split; [intros c _ i Hi; lia|intros i Hi; lia].
    - apply (extend r F Hind Hdir). intros Hdec. apply Hno. exists r, F. auto. }
  destruct (H (S m)) as (F & Hind & _). apply at_most in Hind. lia.
Qed.

Definition col (j k : nat) : R := column (hid j) (from k) (to k).
Definition spread (y : nat -> R) (i : nat) : R := sum h (fun j => if Nat.eqb (hid j) i then y j else 0).

Lemma spread_hid : forall y j, (j < h)%nat -> spread y (hid j) = y j.
Proof.
  intros y j Hj. unfold spread. rewrite (sum_single h _ j Hj); [rewrite Nat.eqb_refl; reflexivity|].
  intros i Hi Hne. destruct (Nat.eqb_spec (hid i) (hid j)) as [E|]; [|reflexivity]. exfalso. apply Hne. apply hid_once; assumption.
Qed.
Lemma spread_fixed : forall y i, ~ free visible root i -> spread y i = 0.
Proof.
  intros y i Hi. apply sum_zero. intros j Hj. destruct (Nat.eqb_spec (hid j) i) as [E|]; [|reflexivity].
  exfalso. apply Hi. rewrite <- E. apply hid_free. exact Hj.
Qed.
Lemma spread_col : forall y k, sum h (fun j => y j * col j k) = spread y (to k) - spread y (from k).
Proof.
  intros y k. unfold spread. rewrite <- sum_minus. apply sum_ext. intros j _. unfold col, column.
  rewrite (Nat.eqb_sym (to k)), (Nat.eqb_sym (from k)). destruct (Nat.eqb (hid j) (to k)), (Nat.eqb (hid j) (from k)); ring.
Qed.

(* Potentials may be taken to be 0 at the roots. *)
Lemma rooted : forall L, consistent L -> exists x, (forall i, ~ free visible root i -> x i = 0) /\ forall k, (k < m)%nat -> L k = x (to k) - x (from k).
Proof.
  intros L (x & Hx0 & Hx).
  destruct (proj1 (manifold_spanned n synapse visible synapse_bounded root (fun u v => x v - x u) Hroots)) as (y & Hy0 & Hy).
  - exists x. split; [exact Hx0|reflexivity].
  - exists y. split; [exact Hy0|]. intros k Hk. rewrite (Hx k Hk). destruct (bounded k Hk) as (Hu & Hv).
    rewrite (Hy (from k) (to k)) by (exists k; auto). apply combination_of_columns; assumption.
Qed.

Lemma basis_of_class :
  exists r F, (r + h = m)%nat /\ independent r F /\ (forall i, (i < r)%nat -> cyc (F i)) /\ decides r F.
Proof.
  destruct a_basis as (r & F & Hind & Hdir & Hdec). exists r, F. split; [|auto].
  destruct (lt_eq_lt_dec (r + h) m) as [[Hlt|Heq]|Hgt]; [|exact Heq|]; exfalso.
  - destruct (homogeneous_system (r + h) m (fun i k => if Nat.ltb i r then F i k else col (i - r) k) Hlt) as (x & (e0 & He0 & Hx0) & Hx).
    assert (Hsc : consistent x).
    { apply Hdec. intros i Hi. specialize (Hx i ltac:(lia)). rewrite <- Hx. apply sum_ext. intros k Hk.
      destruct (Nat.ltb_spec i r); [reflexivity|lia]. }
    destruct (rooted x Hsc) as (y & Hy0 & Hy).
    assert (Hz : sum m (fun k => x k * x k) = 0).
    { rewrite (sum_ext m _ (fun k => sum h (fun j => y (hid j) * (col j k * x k)))).
      - rewrite sum_swap. apply sum_zero. intros j Hj. rewrite sum_scale.
        specialize (Hx (r + j)%nat ltac:(lia)). rewrite (sum_ext m _ (fun k => col j k * x k)) in Hx.
        + rewrite Hx. ring.
        + intros k _. destruct (Nat.ltb_spec (r + j) r); [lia|]. replace (r + j - r)%nat with j by lia. reflexivity.
      - intros k Hk. rewrite (Hy k Hk) at 1. rewrite (sum_ext h _ (fun j => y (hid j) * col j k * x k)) by (intros; ring). rewrite sum_scale_r.
        f_equal. rewrite (spread_col (fun j => y (hid j)) k). destruct (bounded k Hk) as (Bu & Bv).
        assert (Hspread : forall i, (i < n)%nat -> spread (fun j => y (hid j)) i = y i).
        { intros i Hi. destruct (classic (free visible root i)) as [Hf|Hf]; [|rewrite spread_fixed, Hy0 by exact Hf; reflexivity].
          destruct (hid_all i Hi Hf) as (j & Hj & <-). apply (spread_hid (fun j => y (hid j))). exact Hj. }
        rewrite !Hspread by assumption. reflexivity. }
    apply Hx0. assert (Hsq := sum_nonneg_zero m (fun k => x k * x k) ltac:(intros; apply Rle_0_sqr) Hz e0 He0).
    simpl in Hsq. apply Rmult_integral in Hsq. destruct Hsq; assumption.
  - destruct (homogeneous_system m (r + h) (fun k i => if Nat.ltb i r then F i k else col (i - r) k) Hgt) as (c & (i0 & Hi0 & Hc0) & Hc).
    pose (y := fun j => c (r + j)%nat).
    assert (Hsplit : forall k f, sum (r + k) f = sum r f + sum k (fun j => f (r + j)%nat)).
    { intros k f. induction k as [|k IHk]; [rewrite Nat.add_0_r; simpl; ring|]. rewrite Nat.add_succ_r. simpl. rewrite IHk. ring. }
    assert (Hbal : forall k, (k < m)%nat -> sum r (fun i => c i * F i k) = - (spread y (to k) - spread y (from k))).
    { intros k Hk. specialize (Hc k Hk). rewrite Hsplit in Hc. rewrite <- spread_col.
      rewrite (sum_ext r (fun i => c i * F i k) (fun i => (if Nat.ltb i r then F i k else col (i - r) k) * c i)).
      2: { intros i Hi. destruct (Nat.ltb_spec i r); [ring|lia]. }
      rewrite (sum_ext h (fun j => y j * col j k) (fun j => (if Nat.ltb (r + j) r then F (r + j)%nat k else col (r + j - r) k) * c (r + j)%nat)).
      2: { intros j Hj. destruct (Nat.ltb_spec (r + j) r); [lia|]. replace (r + j - r)%nat with j by lia. unfold y. ring. }
      lra. }
    pose (L := fun k => spread y (to k) - spread y (from k)).
    assert (Hsc : consistent L).
    { exists (spread y). split; [|reflexivity]. intros i Hi. apply spread_fixed. intros (Hv & _). contradiction. }
    assert (Hz : sum m (fun k => L k * L k) = 0).
    { assert (T := dot_sum r c F L). rewrite (sum_zero r) in T by (intros i Hi; rewrite (consistent_vanishes L (F i) Hsc (Hdir i Hi)); ring).
      rewrite (sum_ext m _ (fun k => - 1 * (L k * L k))) in T by (intros k Hk; rewrite Hbal by exact Hk; unfold L; ring).
      rewrite sum_scale in T. lra. }
    assert (HL0 : forall k, (k < m)%nat -> spread y (to k) - spread y (from k) = 0).
    { intros k Hk. assert (Hsq := sum_nonneg_zero m (fun k => L k * L k) ltac:(intros; apply Rle_0_sqr) Hz k Hk).
      simpl in Hsq. apply Rmult_integral in Hsq. destruct Hsq; assumption. }
    assert (Hy : forall j, (j < h)%nat -> y j = 0).
    { intros j Hj. rewrite <- (spread_hid y j Hj).
      apply (columns_independent n synapse visible synapse_bounded root (spread y) Hroots); [apply spread_fixed| |apply hid_free; exact Hj].
      intros u v (k & Hk & <- & <-). destruct (bounded k Hk). rewrite combination_of_columns by assumption. apply HL0. exact Hk. }
    assert (Hc' : forall i, (i < r)%nat -> c i = 0).
    { apply Hind. intros k Hk. rewrite Hbal by exact Hk. rewrite (HL0 k Hk). ring. }
    apply Hc0. destruct (le_lt_dec r i0) as [Hle|Hlt]; [|apply Hc'; exact Hlt].
    replace i0 with (r + (i0 - r))%nat by lia. apply (Hy (i0 - r)%nat). lia.
Qed.

End Basis.

Section Classes.

Variables (n m : nat) (from to : nat -> nat) (visible : nat -> Prop).
Hypothesis bounded : forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat.
Hypothesis visible_bounded : forall i, visible i -> (i < n)%nat.

Local Notation dot := (dot m).
Local Notation consistent := (consistent m from to visible).

(** Cycles walked in whatever direction *)

Definition undirected_cycle (c : nat -> R) : Prop := coalesced_cycle m from to visible (fun _ => 1) c.

Lemma dot_is_product : forall c L, log_product m (fun _ => 1) (fun k => exp (L k)) c = dot c L.
Proof. intros c L. apply sum_ext. intros k _. unfold Rdiv. rewrite Rinv_1, Rmult_1_r, ln_exp. reflexivity. Qed.

Lemma trail_sum : forall L x, (forall k, (k < m)%nat -> L k = x (to k) - x (from k)) ->
  forall u v c, trail m from to (fun _ => 1) u v c -> dot c L = x v - x u.
Proof.
  intros L x Hx u v c Ht. rewrite <- dot_is_product. apply (trail_potential m from to (fun _ => 1) (fun k => exp (L k)) x); [|exact Ht].
  intros k Hk _. unfold Rdiv. rewrite Rinv_1, Rmult_1_r, ln_exp. apply Hx. exact Hk.
Qed.

Lemma undirected_vanishes : forall L c, consistent L -> undirected_cycle c -> dot c L = 0.
Proof.
  intros L c (x & Hx0 & Hx) (u & v & Ht & Hends). rewrite (trail_sum L x Hx u v c Ht).
  destruct Hends as [->|(Hu & Hv)]; [ring|rewrite (Hx0 u Hu), (Hx0 v Hv); ring].
Qed.

Lemma undirected_suffices : forall L, (forall c, undirected_cycle c -> dot c L = 0) -> consistent L.
Proof.
  intros L H. destruct (propagation n m from to visible (fun _ => 1) bounded (fun k => exp (L k))) as (x & Hx0 & Hx).
  - intros c Hc. rewrite dot_is_product. apply H. exact Hc.
  - exists x. split; [intros i Hi; apply Hx0; [apply visible_bounded; exact Hi|exact Hi]|].
    intros k Hk. specialize (Hx k Hk R1_neq_R0). unfold Rdiv in Hx. rewrite Rinv_1, Rmult_1_r, ln_exp in Hx. exact Hx.
Qed.

(** Directed cycles of the coalesced graph *)

(* A directed walk of the graph in which all visible units are one node; c k is how often it passes synapse k. *)
Inductive route : nat -> nat -> (nat -> R) -> Prop :=
  | route_stay : forall u c, (forall k, c k = 0) -> route u u c
  | route_synapse : forall u v c c' k, route u v c -> (k < m)%nat -> from k = v ->
      (forall j, c' j = c j + (if Nat.eqb j k then 1 else 0)) -> route u (to k) c'
  | route_ground : forall u v v' c, route u v c -> visible v -> visible v' -> route u v' c.

Definition directed_cycle (c : nat -> R) : Prop := exists u, route u u c.

Definition all_on_directed_cycles : Prop := forall k, (k < m)%nat -> exists c, route (to k) (from k) c.

Lemma route_join : forall u v x c d, route u v c -> route v x d -> exists e, route u x e /\ forall k, e k = c k + d k.
Proof.
  intros u v x c d Hc Hd. revert c Hc. induction Hd as [v d Hd|v y d d' k H IH Hk Hf Hd|v y y' d H IH Hy Hy']; intros c Hc.
  - exists c. split; [exact Hc|]. intros k. rewrite Hd. ring.
  - destruct (IH c Hc) as (e & He & Hsum). exists (fun j => e j + (if Nat.eqb j k then 1 else 0)). split.
    + apply route_synapse with y e; auto.
    + intros j. rewrite Hsum, Hd. ring.
  - destruct (IH c Hc) as (e & He & Hsum). exists e. split; [|exact Hsum]. apply route_ground with y; assumption.
Qed.

Lemma dot_step : forall c c' L k e, (k < m)%nat -> (forall j, c' j = c j + e * (if Nat.eqb j k then 1 else 0)) ->
  dot c' L = dot c L + e * L k.
Proof.
  intros c c' L k e Hk H. rewrite <- !dot_is_product, (log_product_step m (fun _ => 1) (fun k => exp (L k)) c c' k e Hk H).
  unfold Rdiv. rewrite Rinv_1, Rmult_1_r, ln_exp. reflexivity.
Qed.

Lemma dot_plus : forall c d e L, (forall k, e k = c k + d k) -> dot e L = dot c L + dot d L.
Proof. intros c d e L H. unfold cycle_bases.dot. rewrite <- sum_plus. apply sum_ext. intros k _. rewrite H. ring. Qed.

Lemma directed_vanishes : forall L c, consistent L -> directed_cycle c -> dot c L = 0.
Proof.
  intros L c (x & Hx0 & Hx) (u & Hu). assert (H : forall u v c, route u v c -> dot c L = x v - x u).
  { clear c u Hu. intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hf Hc|u v v' c H IH Hv Hv'].
    - unfold cycle_bases.dot. rewrite sum_zero; [ring|]. intros k _. rewrite Hc. ring.
    - rewrite (dot_step c c' L k 1 Hk) by (intros; rewrite Hc; ring). rewrite IH, (Hx k Hk), Hf. ring.
    - rewrite IH, (Hx0 v Hv), (Hx0 v' Hv'). ring. }
  rewrite (H u u c Hu). ring.
Qed.

(* A synapse walked backwards is worth the rest of a directed cycle on which it lies. *)
Lemma directed_suffices : all_on_directed_cycles -> forall L, (forall c, directed_cycle c -> dot c L = 0) -> consistent L.
Proof.
  intros Hall L H. apply undirected_suffices. intros c (u & v & Ht & Hends).
  assert (Hroute : exists d, route u v d /\ dot d L = dot c L).
  { clear Hends. induction Ht as [u c Hc|u v c c' k Ht IH Hk _ Hf Hc|u v c c' k Ht IH Hk _ Hto Hc].
    - exists c. split; [apply route_stay; exact Hc|reflexivity].
    - destruct IH as (d & Hd & E). exists (fun j => d j + (if Nat.eqb j k then 1 else 0)). split.
      + apply route_synapse with v d; auto.
      + rewrite (dot_step d _ L k 1 Hk) by (intros; ring). rewrite (dot_step c c' L k 1 Hk) by (intros; rewrite Hc; ring). lra.
    - destruct IH as (d & Hd & E). destruct (Hall k Hk) as (r & Hr). subst v.
      assert (Hback : dot r L = - L k).
      { assert (Hcyc : directed_cycle (fun j => r j + (if Nat.eqb j k then 1 else 0))).
        { exists (to k). apply route_synapse with (from k) r; auto. }
        specialize (H _ Hcyc). rewrite (dot_step r _ L k 1 Hk) in H by (intros; ring). lra. }
      destruct (route_join _ _ _ _ _ Hd Hr) as (e & He & Hsum). exists e. split; [exact He|].
      rewrite (dot_plus d r e L Hsum), Hback, (dot_step c c' L k (-1) Hk) by (intros; rewrite Hc; ring). lra. }
  destruct Hroute as (d & Hd & <-). apply H. destruct Hends as [->|(Hu & Hv)]; [exists v; exact Hd|].
  exists u. apply route_ground with v; assumption.
Qed.

End Classes.
