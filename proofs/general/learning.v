(* Networks as functions of their weights, losses, and what their gradients satisfy at a unit that can be scaled.

   Synapse k goes from the unit `from k` to the unit `to k` and has the weight w k. Biases are weights from a source of value 1. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks gradients.
Open Scope R_scope.

Definition sum_where (m : nat) (chosen : nat -> bool) (f : nat -> R) : R := sum m (fun k => if chosen k then f k else 0).

Section Architecture.

Variable n : nat.
Variable is_source : nat -> bool.
Variable act : nat -> R -> R.
Variable m : nat.
Variables from to : nat -> nat.

Definition net (w : nat -> R) : network := {|
  units := n;
  source := is_source;
  weight := fun i j => sum m (fun k => if (Nat.eqb (to k) i && Nat.eqb (from k) j)%bool then w k else 0);
  activation := act
|}.

(* The synapses of a unit; a self-connection is neither incoming nor outgoing. *)
Definition incoming (i k : nat) : bool := (Nat.eqb (to k) i && negb (Nat.eqb (from k) i))%bool.
Definition outgoing (i k : nat) : bool := (Nat.eqb (from k) i && negb (Nat.eqb (to k) i))%bool.
Definition own (i k : nat) : bool := (Nat.eqb (to k) i && Nat.eqb (from k) i)%bool.

(* The exponent with which the multiplier of unit i, of degree c, enters the weight of synapse k. *)
Definition exponent (c : R) (i k : nat) : R := (if Nat.eqb (to k) i then 1 else 0) - (if Nat.eqb (from k) i then c else 0).

Lemma sum_by_exponent :
  forall c i f,
    sum m (fun k => exponent c i k * f k) =
    sum_where m (incoming i) f + (1 - c) * sum_where m (own i) f - c * sum_where m (outgoing i) f.
Proof.
  intros c i f. unfold sum_where. rewrite <- !sum_scale, <- sum_plus, <- sum_minus. apply sum_ext. intros k _.
  unfold exponent, incoming, own, outgoing. destruct (Nat.eqb (to k) i), (Nat.eqb (from k) i); simpl; ring.
Qed.

Lemma scaled_synapses :
  forall c i l w a b, 0 < l ->
    weight (net (fun k => Rpower l (exponent c i k) * w k)) a b =
    scaled_weight (fun _ => c) (single i l) (weight (net w)) a b.
Proof.
  intros c i l w a b Hl. unfold scaled_weight. simpl. rewrite <- sum_scale. unfold Rdiv. rewrite <- sum_scale_r.
  apply sum_ext. intros k _.
  assert (Hp : 0 < Rpower l c) by apply exp_pos.
  destruct (Nat.eqb_spec (to k) a) as [Ha|Ha]; [|simpl; ring].
  destruct (Nat.eqb_spec (from k) b) as [Hb|Hb]; [|simpl; ring]. simpl. subst a b.
  unfold exponent, single.
  destruct (Nat.eqb (to k) i), (Nat.eqb (from k) i); unfold Rminus;
    rewrite ?Rpower_plus, ?Rpower_Ropp, ?Rpower_1, ?Rpower_O, ?Rpower_one, ?Ropp_0 by exact Hl;
    rewrite ?Rpower_O by exact Hl; field; lra.
Qed.

Lemma run_of_scaled_synapses :
  forall c i l w x initial t j,
    0 < l -> is_source i = false -> homogeneous c (act i) -> (j < n)%nat -> j <> i ->
    run (net (fun k => Rpower l (exponent c i k) * w k)) x (fun a => Rpower (single i l a) c * initial a) t j =
    run (net w) x initial t j.
Proof.
  intros c i l w x initial t j Hl Hsource Hhom Hj Hne.
  assert (Hother : forall a, a <> i -> single i l a = 1).
  { intros a Ha. unfold single. destruct (Nat.eqb_spec a i); [contradiction|reflexivity]. }
  assert (Hok : admissible (net w) (fun a => a <> i) (fun _ => c) (single i l)).
  { repeat split.
    - intros a. unfold single. destruct (Nat.eqb a i); lra.
    - exact Hother.
    - intros a Ha E. subst a. simpl in Ha. congruence.
    - intros a. destruct (Nat.eq_dec a i) as [->|Ha]; [right; exact Hhom|left; exact Ha]. }
  assert (H := run_scaled (net w) _ _ _ x initial Hok t j). rewrite (Hother j Hne), Rpower_one, Rmult_1_l in H.
  rewrite <- H. apply (run_weight_ext n is_source); [|exact Hj].
  intros a b _ _. apply scaled_synapses. exact Hl.
Qed.

(* What a loss may look at: the values of all units but i, in every sample at every time. *)
Definition blind_to (i : nat) (loss : (nat -> nat -> nat -> R) -> R) : Prop :=
  forall y z, (forall s t j, (j < n)%nat -> j <> i -> y s t j = z s t j) -> loss y = loss z.

(* The loss as a function of the weights, for inputs x s t at time t of sample s. *)
Definition objective (loss : (nat -> nat -> nat -> R) -> R) (x : nat -> nat -> nat -> R) (initial : nat -> nat -> R) (w : nat -> R) : R :=
  loss (fun s t j => run (net w) (x s) (initial s) t j).

(* The same with learned initial states: the weights w m, ..., w (m + n - 1). *)
Definition objective_learned (loss : (nat -> nat -> nat -> R) -> R) (x : nat -> nat -> nat -> R) (w : nat -> R) : R :=
  loss (fun s t j => run (net w) (x s) (fun a => w (m + a)%nat) t j).

Lemma objective_euler :
  forall c i loss x initial w g,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to i loss ->
    (forall s, initial s i = 0) ->
    gradient m (objective loss x initial) w g ->
    sum_where m (incoming i) (fun k => w k * g k) + (1 - c) * sum_where m (own i) (fun k => w k * g k) =
    c * sum_where m (outgoing i) (fun k => w k * g k).
Proof.
  intros c i loss x initial w g Hi Hsource Hhom Hblind Hinitial Hgradient.
  assert (H := euler m _ w g (exponent c i) Hgradient). rewrite sum_by_exponent in H.
  enough (forall l, 0 < l -> objective loss x initial (fun k => Rpower l (exponent c i k) * w k) = objective loss x initial w)
    by (specialize (H H0); lra).
  intros l Hl. apply Hblind. intros s t j Hj Hne.
  rewrite <- (run_of_scaled_synapses c i l w (x s) (initial s) t j) by assumption.
  apply run_initial_ext; [|exact Hj]. intros a _. unfold single.
  destruct (Nat.eqb_spec a i) as [->|Ha]; [rewrite Hinitial; ring|rewrite Rpower_one; ring].
Qed.

Lemma objective_learned_euler :
  forall c i loss x w g,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to i loss ->
    gradient (m + n) (objective_learned loss x) w g ->
    sum_where m (incoming i) (fun k => w k * g k) + c * (w (m + i)%nat * g (m + i)%nat) +
      (1 - c) * sum_where m (own i) (fun k => w k * g k) =
    c * sum_where m (outgoing i) (fun k => w k * g k).
Proof.
  intros c i loss x w g Hi Hsource Hhom Hblind Hgradient.
  set (s := fun k => if lt_dec k m then exponent c i k else if Nat.eqb k (m + i) then c else 0).
  assert (Hsplit : forall f a, sum (m + a) (fun k => s k * f k) =
    sum m (fun k => exponent c i k * f k) + (if lt_dec i a then c * f (m + i)%nat else 0)).
  { intros f a. induction a as [|a IH].
    - rewrite Nat.add_0_r. destruct (lt_dec i 0); [lia|]. rewrite Rplus_0_r. apply sum_ext. intros k Hk.
      unfold s. destruct (lt_dec k m); [reflexivity|lia].
    - rewrite Nat.add_succ_r. simpl. rewrite IH. unfold s at 1. destruct (lt_dec (m + a) m); [lia|].
      destruct (Nat.eqb_spec (m + a) (m + i)), (lt_dec i a), (lt_dec i (S a)); try lia; try ring.
      replace a with i by lia. ring. }
  assert (H := euler (m + n) _ w g s Hgradient). rewrite Hsplit, sum_by_exponent in H.
  destruct (lt_dec i n); [|lia].
  enough (forall l, 0 < l -> objective_learned loss x (fun k => Rpower l (s k) * w k) = objective_learned loss x w)
    by (specialize (H H0); lra).
  intros b Hb. apply Hblind. intros q t j Hj Hne.
  rewrite <- (run_of_scaled_synapses c i b w (x q) (fun a => w (m + a)%nat) t j) by assumption.
  transitivity (run (net (fun k => Rpower b (s k) * w k)) (x q) (fun a => Rpower (single i b a) c * w (m + a)%nat) t j).
  - apply run_initial_ext; [|exact Hj]. intros a _. unfold s, single. destruct (lt_dec (m + a) m); [lia|].
    destruct (Nat.eqb_spec (m + a) (m + i)), (Nat.eqb_spec a i); try lia.
    + reflexivity.
    + rewrite Rpower_O, Rpower_one by exact Hb. reflexivity.
  - apply (run_weight_ext n is_source); [|exact Hj]. intros a d _ _. apply sum_ext. intros k Hk.
    unfold s. destruct (lt_dec k m); [reflexivity|lia].
Qed.

End Architecture.

(* The weights once the units, of degree 1, have the multipliers L. *)
Definition scaled_weights (from to : nat -> nat) (L w : nat -> R) (k : nat) : R := L (to k) * w k / L (from k).

Lemma net_of_scaled_weights :
  forall n is_source act m from to L w i j,
    weight (net n is_source act m from to (scaled_weights from to L w)) i j =
    L i * weight (net n is_source act m from to w) i j / L j.
Proof.
  intros n is_source act m from to L w i j. simpl. unfold Rdiv. rewrite <- sum_scale, <- sum_scale_r. apply sum_ext. intros k _.
  unfold scaled_weights.
  destruct (Nat.eqb_spec (to k) i) as [Hi|Hi]; [|simpl; ring].
  destruct (Nat.eqb_spec (from k) j) as [Hj|Hj]; [|simpl; ring]. simpl. rewrite Hi, Hj. reflexivity.
Qed.

(* Tied units and shared weights. The s-th of q numbers is the weight of every synapse k with `share k = s`; unit i belongs to the
   group `group i`; synapses that share a weight join the same groups, `source_group s` and `target_group s`. *)
Section Tied.

Variable n : nat.
Variable is_source : nat -> bool.
Variable act : nat -> R -> R.
Variable m : nat.
Variables from to share group : nat -> nat.
Variable q : nat.
Variables source_group target_group : nat -> nat.
Hypothesis from_group : forall k, (k < m)%nat -> group (from k) = source_group (share k).
Hypothesis to_group : forall k, (k < m)%nat -> group (to k) = target_group (share k).

Definition objective_tied (loss : (nat -> nat -> nat -> R) -> R) (x : nat -> nat -> nat -> R) (initial : nat -> nat -> R) (v : nat -> R) : R :=
  objective n is_source act m from to loss x initial (fun k => v (share k)).

(* What a loss may look at: the values of the units outside of group a. *)
Definition blind_to_group (a : nat) (loss : (nat -> nat -> nat -> R) -> R) : Prop :=
  forall y z, (forall s t j, (j < n)%nat -> group j <> a -> y s t j = z s t j) -> loss y = loss z.

Lemma objective_tied_euler :
  forall a loss x initial v g,
    (forall i, group i = a -> is_source i = false /\ is_bilu (act i)) -> blind_to_group a loss ->
    (forall s i, group i = a -> initial s i = 0) ->
    gradient q (objective_tied loss x initial) v g ->
    sum_where q (incoming source_group target_group a) (fun s => v s * g s) =
    sum_where q (outgoing source_group target_group a) (fun s => v s * g s).
Proof.
  intros a loss x initial v g Hgroup Hblind Hinitial Hgradient.
  assert (H := euler q _ v g (exponent source_group target_group 1 a) Hgradient). rewrite sum_by_exponent in H.
  enough (Hsame : forall l, 0 < l ->
    objective_tied loss x initial (fun s => Rpower l (exponent source_group target_group 1 a s) * v s) =
    objective_tied loss x initial v) by (specialize (H Hsame); lra).
  intros l Hl. apply Hblind. intros s t j Hj Hne.
  set (L := fun i => if Nat.eqb (group i) a then l else 1).
  set (original := net n is_source act m from to (fun k => v (share k))).
  assert (Hother : forall i, group i <> a -> L i = 1).
  { intros i Hi. unfold L. destruct (Nat.eqb_spec (group i) a); [contradiction|reflexivity]. }
  assert (Hok : admissible original (fun i => group i <> a) (fun _ => 1) L).
  { repeat split.
    - intros i. unfold L. destruct (Nat.eqb (group i) a); lra.
    - exact Hother.
    - intros i Hi E. simpl in Hi. destruct (Hgroup i E). congruence.
    - intros i. destruct (Nat.eq_dec (group i) a) as [E|E]; [right|left; exact E].
      apply bilu_degree_one. apply Hgroup. exact E. }
  assert (Hrun := run_scaled original _ _ _ (x s) (initial s) Hok t j). rewrite (Hother j Hne), Rpower_one, Rmult_1_l in Hrun.
  rewrite <- Hrun.
  transitivity (run (scaled (fun _ => 1) L original) (x s) (initial s) t j).
  - apply (run_weight_ext n is_source); [|exact Hj]. intros i b _ _. simpl. unfold scaled_weight. simpl.
    rewrite Rpower_1 by apply Hok. rewrite <- sum_scale. unfold Rdiv. rewrite <- sum_scale_r. apply sum_ext. intros k Hk.
    destruct (Nat.eqb_spec (to k) i) as [Hi|Hi]; [|simpl; ring].
    destruct (Nat.eqb_spec (from k) b) as [Hb|Hb]; [|simpl; ring]. simpl. subst i b.
    unfold exponent, L. rewrite <- (from_group k Hk), <- (to_group k Hk).
    destruct (Nat.eqb (group (to k)) a), (Nat.eqb (group (from k)) a); unfold Rminus;
      rewrite ?Rpower_plus, ?Rpower_Ropp, ?Ropp_0, ?Rplus_0_r, ?Rplus_0_l, ?Rpower_Ropp, ?Rpower_1, ?Rpower_O by exact Hl; field; lra.
  - apply run_initial_pointwise. intros i. rewrite Rpower_1 by apply Hok. unfold L.
    destruct (Nat.eqb_spec (group i) a) as [E|E]; [rewrite (Hinitial s i E); ring|ring].
Qed.

End Tied.
