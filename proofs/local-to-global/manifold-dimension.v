(* The manifold of self-consistent L depends only on the architecture. Its dimension is the number of hidden units when each is
   connected to a visible one; |E| less that many directed cycles of the coalesced graph are a basis of its constraints.

   Corrected: The dimension is the number of hidden units less the number of components without a visible unit. |E| less the
   dimension independent cycles of the coalesced graph are a basis of the constraints; they can all be directed if every synapse lies
   on a directed cycle, while other synapses may need cycles walked in both directions.

   The bases are for any finite network, parallel synapses included, with one unit, a root, taken out of each component without a visible
   unit: `hid` lists the other hidden units, and the dimension is their number. A cycle of the coalesced graph is given by how often it
   passes each synapse. *)

From Coq Require Import Reals Lra Lia List Arith Classical Relations.
From Synbal Require Import finite_sums walks manifolds trails cycle_bases.
Open Scope R_scope.

(* With one unit taken out of each component without a visible unit, the columns of the other hidden units are a basis of the manifold:
   every self-consistent L is a combination of them, in one way, and every combination is self-consistent. Such a choice exists. *)
Theorem manifold_dimension :
  forall (n : nat) (synapse : nat -> nat -> Prop) (visible : nat -> Prop),
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) ->
    (exists root, roots n synapse visible root /\ forall k, root k -> (k < n)%nat) /\
    forall root, roots n synapse visible root ->
      (forall L, self_consistent synapse visible L <->
         exists x, (forall i, ~ free visible root i -> x i = 0) /\
           forall u v, synapse u v -> L u v = sum n (fun i => x i * column i u v)) /\
      (forall x, (forall i, ~ free visible root i -> x i = 0) ->
         (forall u v, synapse u v -> sum n (fun i => x i * column i u v) = 0) ->
         forall i, (i < n)%nat -> x i = 0).
Proof.
  intros n synapse visible Hbound. split; [apply roots_exist|]. intros root Hroot. split.
  - intros L. apply manifold_spanned; assumption.
  - intros x. apply (columns_independent n synapse visible Hbound root x Hroot).
Qed.

(* If every unit is connected to a visible one, the hidden units themselves index the basis, and the multipliers are determined by
   what they do to the synapses. *)
Theorem multipliers_determined :
  forall (n : nat) (synapse : nat -> nat -> Prop) (visible : nat -> Prop),
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) ->
    (forall i, (i < n)%nat -> exists k, connected synapse i k /\ visible k) ->
    roots n synapse visible (fun _ => False) /\
    forall x y : nat -> R,
      (forall i, visible i -> x i = 0) -> (forall i, visible i -> y i = 0) ->
      (forall u v, synapse u v -> x v - x u = y v - y u) ->
      forall i, (i < n)%nat -> x i = y i.
Proof.
  intros n synapse visible Hbound Hreach. split.
  - repeat split; try tauto. intros i Hi. destruct (Hreach i Hi) as (k & Hik & Hk). exists k. tauto.
  - intros x y Hx Hy H i Hi. destruct (Hreach i Hi) as (k & Hik & Hk).
    assert (E : x i - y i = x k - y k).
    { apply (constant_on_components synapse (fun j => x j - y j)); [|exact Hik].
      intros u v Huv. specialize (H u v Huv). lra. }
    rewrite (Hx k Hk), (Hy k Hk) in E. lra.
Qed.

(* The hidden units without the roots, each listed once. *)
Definition lists_free (n h : nat) (visible root : nat -> Prop) (hid : nat -> nat) : Prop :=
  (forall j, (j < h)%nat -> (hid j < n)%nat /\ free visible root (hid j)) /\
  (forall i, (i < n)%nat -> free visible root i -> exists j, (j < h)%nat /\ hid j = i) /\
  (forall i j, (i < h)%nat -> (j < h)%nat -> hid i = hid j -> i = j).

(* r constraints are a basis: there are |E| less the dimension, none is a combination of others, and they decide. *)
Definition basis_of_constraints (m h : nat) (from to : nat -> nat) (visible : nat -> Prop) (r : nat) (cycles : nat -> nat -> R) : Prop :=
  (r + h = m)%nat /\
  (forall a : nat -> R, (forall k, (k < m)%nat -> sum r (fun i => a i * cycles i k) = 0) -> forall i, (i < r)%nat -> a i = 0) /\
  forall L : nat -> R,
    (exists x : nat -> R, (forall i, visible i -> x i = 0) /\ forall k, (k < m)%nat -> L k = x (to k) - x (from k)) <->
    forall i, (i < r)%nat -> sum m (fun k => cycles i k * L k) = 0.

Theorem basis_of_cycles :
  forall (n m h : nat) (from to : nat -> nat) (visible root : nat -> Prop) (hid : nat -> nat),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    roots n (synapse m from to) visible root -> lists_free n h visible root hid ->
    exists r cycles, basis_of_constraints m h from to visible r cycles /\
      forall i, (i < r)%nat -> undirected_cycle m from to visible (cycles i).
Proof.
  intros n m h from to visible root hid Hb Hv Hr (H1 & H2 & H3).
  destruct (basis_of_class n m h from to visible root hid Hb Hr H1 H2 H3 (undirected_cycle m from to visible)) as (r & F & Hcount & Hind & Hcyc & Hdec).
  - intros L c. apply undirected_vanishes.
  - apply (undirected_suffices n); assumption.
  - exists r, F. split; [split; [exact Hcount|split; [exact Hind|exact Hdec]]|exact Hcyc].
Qed.

(* All of them directed, if every synapse lies on a directed cycle: from its end a directed walk of the coalesced graph leads to its beginning. *)
Theorem basis_of_directed_cycles :
  forall (n m h : nat) (from to : nat -> nat) (visible root : nat -> Prop) (hid : nat -> nat),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    roots n (synapse m from to) visible root -> lists_free n h visible root hid ->
    all_on_directed_cycles m from to visible ->
    exists r cycles, basis_of_constraints m h from to visible r cycles /\
      forall i, (i < r)%nat -> directed_cycle m from to visible (cycles i).
Proof.
  intros n m h from to visible root hid Hb Hv Hr (H1 & H2 & H3) Hall.
  destruct (basis_of_class n m h from to visible root hid Hb Hr H1 H2 H3 (directed_cycle m from to visible)) as (r & F & Hcount & Hind & Hcyc & Hdec).
  - intros L c. apply directed_vanishes.
  - apply (directed_suffices n); assumption.
  - exists r, F. split; [split; [exact Hcount|split; [exact Hind|exact Hdec]]|exact Hcyc].
Qed.

(* Other synapses may need cycles walked in both directions: 0 -> 1, 0 -> 2, 1 -> 2, of which 0 is visible. No directed cycle passes
   any synapse, and not every L is self-consistent. *)
Theorem directed_cycles_may_not_suffice :
  let from k := match k with 2%nat => 1%nat | _ => 0%nat end in
  let to k := match k with 0%nat => 1%nat | _ => 2%nat end in
  let visible i := i = 0%nat in
  (forall c, directed_cycle 3 from to visible c -> forall k, c k = 0) /\
  exists L : nat -> R, ~ exists x : nat -> R, (forall i, visible i -> x i = 0) /\ forall k, (k < 3)%nat -> L k = x (to k) - x (from k).
Proof.
  intros from to visible. split.
  - intros c (u & Hu). assert (H : forall u v c, route 3 from to visible u v c -> (u = v /\ forall k, c k = 0) \/ (u < v)%nat).
    { clear c u Hu. intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hf Hc|u v v' c H IH Hv Hv'].
      - left. auto.
      - right. assert (v < to k)%nat; [|destruct IH as [(-> & _)|IH]; lia]. subst v. unfold from, to.
        destruct k as [|[|[|k]]]; lia.
      - unfold visible in *. subst. exact IH. }
    destruct (H u u c Hu) as [(_ & Hc)|Hlt]; [exact Hc|lia].
  - exists (fun k => match k with 1%nat => 1 | _ => 0 end). intros (x & _ & Hx).
    assert (E0 := Hx 0%nat ltac:(lia)). assert (E1 := Hx 1%nat ltac:(lia)). assert (E2 := Hx 2%nat ltac:(lia)). simpl in *. lra.
Qed.
