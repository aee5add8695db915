(* In a balanced network without biases and skips, of L hidden layers, the walk that leaves a unit along a synapse with probability
   cost/(A + B) steps up or down one layer with probability 1/2 each. Its Perron root is cos(π/(L+1)), with Perron vector
   sin(πl/(L+1)), constant on layers. With biases and skips, in acyclic networks, it is at most cos(π/(L+1)), L being the most hidden
   units on a path between visible units, and equal exactly if in some component of hidden units all paths pass L of them.

   Here: networks without biases and skips. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums.
Open Scope R_scope.

Section Network.

(* n hidden units in layers 1, ..., depth. cost i j is that of the synapse from j to i; into i and out_of i are what synapses from input
   and to output units cost. *)
Variables (n depth : nat) (cost : nat -> nat -> R) (into out_of : nat -> R) (layer : nat -> nat).
Hypothesis layers : forall i, (i < n)%nat -> (1 <= layer i <= depth)%nat.
Hypothesis one_up : forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> layer i = S (layer j).
Hypothesis first_layer : forall i, (i < n)%nat -> into i <> 0 -> layer i = 1%nat.
Hypothesis last_layer : forall i, (i < n)%nat -> out_of i <> 0 -> layer i = depth.
Hypothesis nonnegative : forall i j, 0 <= cost i j /\ 0 <= into i /\ 0 <= out_of i.

Definition input_cost (i : nat) : R := into i + sum n (fun j => cost i j).
Definition output_cost (i : nat) : R := out_of i + sum n (fun k => cost k i).

Hypothesis balanced : forall i, (i < n)%nat -> input_cost i = output_cost i /\ 0 < input_cost i.

(* The walk: what a function of the units is worth after a step from i; the ground counts 0. *)
Definition walk (u : nat -> R) (i : nat) : R := sum n (fun j => (cost i j + cost j i) * u j) / (input_cost i + output_cost i).

Lemma walk_on_layers :
  forall f : nat -> R, f 0%nat = 0 -> f (S depth) = 0 ->
    forall i, (i < n)%nat -> walk (fun j => f (layer j)) i = (f (pred (layer i)) + f (S (layer i))) / 2.
Proof.
  intros f Hground Htop i Hi. destruct (balanced i Hi) as (Hbal & Hpos). destruct (layers i Hi) as (Hl1 & Hl2).
  unfold walk.
  rewrite (sum_ext n _ (fun j => f (pred (layer i)) * cost i j + f (S (layer i)) * cost j i)).
  - rewrite sum_plus, (sum_scale n (f (pred (layer i))) (fun j => cost i j)), (sum_scale n (f (S (layer i))) (fun k => cost k i)).
    (* Costs to and from the ground only occur where f counts 0. *)
    assert (Hin : f (pred (layer i)) * sum n (fun j => cost i j) = f (pred (layer i)) * input_cost i).
    { unfold input_cost. destruct (Req_dec (into i) 0) as [->|Hne]; [ring|].
      rewrite (first_layer i Hi Hne). simpl. rewrite Hground. ring. }
    assert (Hout : f (S (layer i)) * sum n (fun k => cost k i) = f (S (layer i)) * output_cost i).
    { unfold output_cost. destruct (Req_dec (out_of i) 0) as [->|Hne]; [ring|].
      rewrite (last_layer i Hi Hne), Htop. ring. }
    rewrite Hin, Hout, <- Hbal. field. lra.
  - intros j Hj. destruct (Req_dec (cost i j) 0) as [E1|E1], (Req_dec (cost j i) 0) as [E2|E2].
    + rewrite E1, E2. ring.
    + rewrite E1, (one_up j i Hj Hi E2). ring.
    + rewrite E2, (one_up i j Hi Hj E1). simpl. ring.
    + assert (H1 := one_up i j Hi Hj E1). assert (H2 := one_up j i Hj Hi E2). lia.
Qed.

Lemma walk_bound :
  forall u v, (forall j, (j < n)%nat -> Rabs (u j) <= v j) -> forall i, (i < n)%nat -> Rabs (walk u i) <= walk v i.
Proof.
  intros u v H i Hi. destruct (balanced i Hi) as (Hbal & Hpos).
  assert (Hd : 0 < input_cost i + output_cost i) by lra.
  unfold walk, Rdiv. rewrite Rabs_mult, (Rabs_right (/ (input_cost i + output_cost i)))
    by (left; apply Rinv_0_lt_compat; exact Hd).
  apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact Hd|].
  assert (Hsum : forall m, (m <= n)%nat ->
    Rabs (sum m (fun j => (cost i j + cost j i) * u j)) <= sum m (fun j => (cost i j + cost j i) * v j)).
  { induction m as [|m IH]; intros Hm; simpl; [rewrite Rabs_R0; lra|].
    apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat; [apply IH; lia|].
    destruct (nonnegative i m) as (N1 & _). destruct (nonnegative m i) as (N2 & _).
    rewrite Rabs_mult, Rabs_right by lra. apply Rmult_le_compat_l; [lra|apply H; lia]. }
  apply Hsum. lia.
Qed.

Lemma walk_scale : forall k u i, walk (fun j => k * u j) i = k * walk u i.
Proof.
  intros k u i. unfold walk. rewrite (sum_ext n _ (fun j => k * ((cost i j + cost j i) * u j))) by (intros; ring).
  rewrite sum_scale. unfold Rdiv. ring.
Qed.

Lemma walk_ext : forall u v i, (forall j, (j < n)%nat -> u j = v j) -> walk u i = walk v i.
Proof. intros u v i H. unfold walk. f_equal. apply sum_ext. intros j Hj. rewrite (H j Hj). reflexivity. Qed.

Definition angle : R := PI / INR (S depth).
Definition root : R := cos angle.
Definition perron (i : nat) : R := sin (INR (layer i) * angle).

Lemma angle_pos : 0 < angle.
Proof. apply Rdiv_lt_0_compat; [apply PI_RGT_0|apply lt_0_INR; lia]. Qed.

Lemma perron_pos : forall i, (i < n)%nat -> 0 < perron i.
Proof.
  intros i Hi. destruct (layers i Hi) as (H1 & H2). assert (Ha := angle_pos).
  assert (Hlast : INR (S depth) * angle = PI) by (unfold angle; field; apply not_0_INR; lia).
  apply sin_gt_0.
  - apply Rmult_lt_0_compat; [apply lt_0_INR; lia|exact Ha].
  - rewrite <- Hlast. apply Rmult_lt_compat_r; [exact Ha|]. apply lt_INR. lia.
Qed.

Lemma perron_vector : forall i, (i < n)%nat -> walk perron i = root * perron i.
Proof.
  intros i Hi. destruct (layers i Hi) as (H1 & H2). unfold perron.
  rewrite (walk_on_layers (fun l => sin (INR l * angle))); [| | |exact Hi].
  - assert (Hlow : INR (pred (layer i)) * angle = INR (layer i) * angle - angle).
    { destruct (layer i) as [|l]; [lia|]. simpl pred. rewrite S_INR. ring. }
    assert (Hhigh : INR (S (layer i)) * angle = INR (layer i) * angle + angle) by (rewrite S_INR; ring).
    rewrite Hlow, Hhigh, sin_plus, sin_minus. unfold root. field.
  - simpl. rewrite Rmult_0_l. apply sin_0.
  - unfold angle. replace (INR (S depth) * (PI / INR (S depth))) with PI by (field; apply not_0_INR; lia). apply sin_PI.
Qed.

Lemma root_nonnegative : (1 <= depth)%nat -> 0 <= root.
Proof.
  intros H. assert (Ha := angle_pos). apply cos_ge_0.
  - assert (HP := PI_RGT_0). lra.
  - unfold angle. apply Rmult_le_compat_l; [left; apply PI_RGT_0|].
    apply Rinv_le_contravar; [lra|]. replace 2 with (INR 2) by (simpl; lra). apply le_INR. lia.
Qed.

(* After t steps. *)
Fixpoint walks (t : nat) (u : nat -> R) : nat -> R :=
  match t with
  | O => u
  | S t => walk (walks t u)
  end.

Lemma walks_bound :
  forall u k, (forall j, (j < n)%nat -> Rabs (u j) <= k * perron j) ->
    forall t i, (i < n)%nat -> Rabs (walks t u i) <= k * root ^ t * perron i.
Proof.
  intros u k H. induction t as [|t IH]; intros i Hi.
  - simpl. rewrite Rmult_1_r. auto.
  - simpl walks. apply Rle_trans with (1 := walk_bound _ _ IH i Hi).
    rewrite walk_scale, perron_vector by exact Hi. simpl. right. ring.
Qed.

End Network.

Theorem depth_law :
  forall n depth cost into out_of layer,
    (forall i, (i < n)%nat -> (1 <= layer i <= depth)%nat) ->
    (forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> layer i = S (layer j)) ->
    (forall i, (i < n)%nat -> into i <> 0 -> layer i = 1%nat) ->
    (forall i, (i < n)%nat -> out_of i <> 0 -> layer i = depth) ->
    (forall i j, 0 <= cost i j /\ 0 <= into i /\ 0 <= out_of i) ->
    (forall i, (i < n)%nat -> input_cost n cost into i = output_cost n cost out_of i /\ 0 < input_cost n cost into i) ->
    let step := walk n cost into out_of in
    (* On functions of the layer: half what is below and half what is above; the ground counts 0. *)
    (forall f : nat -> R, f 0%nat = 0 -> f (S depth) = 0 ->
       forall i, (i < n)%nat -> step (fun j => f (layer j)) i = (f (pred (layer i)) + f (S (layer i))) / 2) /\
    (* A positive eigenvector, of the eigenvalue cos(π/(L+1)). *)
    (forall i, (i < n)%nat ->
       0 < perron depth layer i /\ step (perron depth layer) i = cos (PI / INR (S depth)) * perron depth layer i) /\
    (* Nothing shrinks more slowly. *)
    (forall u k, (forall j, (j < n)%nat -> Rabs (u j) <= k * perron depth layer j) ->
       forall t i, (i < n)%nat ->
         Rabs (walks n cost into out_of t u i) <= k * cos (PI / INR (S depth)) ^ t * perron depth layer i) /\
    (* No eigenvalue is larger in absolute value. *)
    (forall u a, (forall i, (i < n)%nat -> step u i = a * u i) -> (exists i, (i < n)%nat /\ u i <> 0) ->
       Rabs a <= cos (PI / INR (S depth))).
Proof.
  intros n depth cost into out_of layer Hl Hup Hfirst Hlast Hnn Hbal step.
  split; [|split; [|split]].
  - apply walk_on_layers; assumption.
  - intros i Hi. split; [apply perron_pos with n; assumption|]. apply perron_vector; assumption.
  - apply walks_bound; assumption.
  - intros u a Heigen (i & Hi & Hui).
    set (ratio := fun j => Rabs (u j) / perron depth layer j).
    assert (Hp : forall j, (j < n)%nat -> 0 < perron depth layer j) by (intros j Hj; apply perron_pos with n; assumption).
    (* The unit at which |u| is largest against the Perron vector. *)
    assert (Hmax : exists m, (m < n)%nat /\ forall j, (j < n)%nat -> ratio j <= ratio m).
    { clear - Hi. assert (H : forall k, (k <= n)%nat -> (0 < k)%nat ->
        exists m, (m < k)%nat /\ forall j, (j < k)%nat -> ratio j <= ratio m).
      { induction k as [|k IH]; intros Hk Hk0; [lia|].
        destruct (Nat.eq_dec k 0) as [->|Hk1].
        - exists 0%nat. split; [lia|]. intros j Hj. replace j with 0%nat by lia. lra.
        - destruct IH as (m & Hm & Hall); [lia|lia|].
          destruct (Rle_dec (ratio k) (ratio m)) as [Hle|Hgt].
          + exists m. split; [lia|]. intros j Hj. destruct (Nat.eq_dec j k) as [->|Hne]; [exact Hle|apply Hall; lia].
          + exists k. split; [lia|]. intros j Hj. destruct (Nat.eq_dec j k) as [->|Hne]; [lra|].
            apply Rle_trans with (ratio m); [apply Hall; lia|lra]. }
      apply H; lia. }
    destruct Hmax as (m & Hm & Hall).
    assert (Hbound : forall j, (j < n)%nat -> Rabs (u j) <= ratio m * perron depth layer j).
    { intros j Hj. specialize (Hall j Hj). specialize (Hp j Hj). unfold ratio in Hall at 1.
      apply (Rmult_le_compat_r (perron depth layer j)) in Hall; [|lra].
      unfold Rdiv in Hall at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in Hall by lra. exact Hall. }
    assert (Hm1 := walks_bound n depth cost into out_of layer Hl Hup Hfirst Hlast Hnn Hbal u (ratio m) Hbound 1 m Hm).
    simpl in Hm1. fold step in Hm1. rewrite (Heigen m Hm), Rabs_mult, Rmult_1_r in Hm1.
    assert (Hum : Rabs (u m) = ratio m * perron depth layer m) by (unfold ratio; specialize (Hp m Hm); field; lra).
    assert (Hpos : 0 < Rabs (u m)).
    { rewrite Hum. apply Rmult_lt_0_compat; [|auto]. apply Rlt_le_trans with (ratio i); [|auto].
      apply Rdiv_lt_0_compat; [apply Rabs_pos_lt; exact Hui|auto]. }
    apply (Rmult_le_reg_r (Rabs (u m))); [exact Hpos|]. unfold root, angle in Hm1. rewrite Hum at 2. lra.
Qed.
