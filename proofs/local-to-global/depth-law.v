(* In a balanced network without biases and skips, of L hidden layers, the walk that leaves a unit along a synapse with probability
   cost/(A + B) steps up or down one layer with probability 1/2 each. Its Perron root is cos(π/(L+1)), with Perron vector
   sin(πl/(L+1)), constant on layers. With biases and skips, in acyclic networks, it is at most cos(π/(L+1)), L being the most hidden
   units on a path between visible units, and equal exactly if in some component of hidden units all paths pass L of them.

   depth_law: networks without biases and skips. depth_law_with_skips: networks without cycles, with biases and skips, and when the root is
   reached. sweep_law: what sweeps that go layer by layer do. walk_is_the_derivative and sweeps_of_balancing: the walk is what a balancing
   step, in logarithms, does near the balanced point, and the sweep of sweep_law what a sweep of the algorithm does, for L_p and units
   of degree 1. *)

From Coq Require Import Reals Lra Lia List Arith.
From Synbal Require balancing_problem convexity convergence existence steps step_derivative energy.
From Synbal Require Import finite_sums unit_walks.
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

Local Notation input_cost := (input_cost n cost into).
Local Notation output_cost := (output_cost n cost out_of).

Hypothesis balanced : forall i, (i < n)%nat -> input_cost i = output_cost i /\ 0 < input_cost i.

Local Notation walk := (walk n cost into out_of).

Lemma walk_on_layers :
  forall f : nat -> R, f 0%nat = 0 -> f (S depth) = 0 ->
    forall i, (i < n)%nat -> walk (fun j => f (layer j)) i = (f (pred (layer i)) + f (S (layer i))) / 2.
Proof.
  intros f Hground Htop i Hi. destruct (balanced i Hi) as (Hbal & Hpos). destruct (layers i Hi) as (Hl1 & Hl2).
  unfold unit_walks.walk.
  rewrite (sum_ext n _ (fun j => f (pred (layer i)) * cost i j + f (S (layer i)) * cost j i)).
  - rewrite sum_plus, (sum_scale n (f (pred (layer i))) (fun j => cost i j)), (sum_scale n (f (S (layer i))) (fun k => cost k i)).
    (* Costs to and from the ground only occur where f counts 0. *)
    assert (Hin : f (pred (layer i)) * sum n (fun j => cost i j) = f (pred (layer i)) * input_cost i).
    { unfold unit_walks.input_cost. destruct (Req_dec (into i) 0) as [->|Hne]; [ring|].
      rewrite (first_layer i Hi Hne). simpl. rewrite Hground. ring. }
    assert (Hout : f (S (layer i)) * sum n (fun k => cost k i) = f (S (layer i)) * output_cost i).
    { unfold unit_walks.output_cost. destruct (Req_dec (out_of i) 0) as [->|Hne]; [ring|].
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
  unfold unit_walks.walk, Rdiv. rewrite Rabs_mult, (Rabs_right (/ (input_cost i + output_cost i)))
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
  intros k u i. unfold unit_walks.walk. rewrite (sum_ext n _ (fun j => k * ((cost i j + cost j i) * u j))) by (intros; ring).
  rewrite sum_scale. unfold Rdiv. ring.
Qed.

Lemma walk_ext : forall u v i, (forall j, (j < n)%nat -> u j = v j) -> walk u i = walk v i.
Proof. intros u v i H. unfold unit_walks.walk. f_equal. apply sum_ext. intros j Hj. rewrite (H j Hj). reflexivity. Qed.

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

(** Sweeps: layers 1, ..., L in this order, each unit taking the walk of the newest values *)

(* After the layers up to l of the sweep *)
Fixpoint partial (l : nat) (u : nat -> R) : nat -> R :=
  match l with
  | O => u
  | S m => fun i => if Nat.eqb (layer i) (S m) then walk (partial m u) i else partial m u i
  end.
Definition sweep (u : nat -> R) : nat -> R := partial depth u.

(* cos^l sin(l angle) on layer l is the slow vector of sweeps; newest values are cos² times it *)
Definition slow (i : nat) : R := root ^ layer i * sin (INR (layer i) * angle).
Definition mixed (l : nat) (j : nat) : R := root ^ j * sin (INR j * angle) * (if (j <=? l)%nat then root * root else 1).

Lemma sines : forall j, sin (INR j * angle) + sin (INR (S (S j)) * angle) = 2 * root * sin (INR (S j) * angle).
Proof.
  intros j. rewrite !S_INR. unfold root.
  replace (INR j * angle) with ((INR j + 1) * angle - angle) by ring.
  replace ((INR j + 1 + 1) * angle) with ((INR j + 1) * angle + angle) by ring.
  rewrite sin_minus, sin_plus. ring.
Qed.

Lemma ends : sin (INR 0 * angle) = 0 /\ sin (INR (S depth) * angle) = 0.
Proof.
  split; [simpl; rewrite Rmult_0_l; apply sin_0|]. unfold angle.
  replace (INR (S depth) * (PI / INR (S depth))) with PI; [apply sin_PI|]. field. apply not_0_INR. lia.
Qed.

Lemma mixed_step : forall l i, (i < n)%nat -> layer i = S l -> walk (fun j => mixed l (layer j)) i = mixed (S l) (layer i).
Proof.
  intros l i Hi Hl.
  rewrite (walk_on_layers (mixed l)); auto.
  - rewrite Hl. simpl pred. unfold mixed.
    assert ((l <=? l)%nat = true) as -> by (apply Nat.leb_le; lia).
    assert ((S (S l) <=? l)%nat = false) as -> by (apply Nat.leb_gt; lia).
    assert ((S l <=? S l)%nat = true) as -> by (apply Nat.leb_le; lia).
    assert (H := sines l).
    replace (root ^ l * sin (INR l * angle) * (root * root) + root ^ S (S l) * sin (INR (S (S l)) * angle) * 1)
      with (root ^ l * (root * root) * (sin (INR l * angle) + sin (INR (S (S l)) * angle))) by (simpl; ring).
    rewrite H. simpl. field.
  - unfold mixed. rewrite (proj1 ends). ring.
  - unfold mixed. rewrite (proj2 ends). ring.
Qed.

Lemma partial_slow : forall l i, (i < n)%nat -> partial l slow i = mixed l (layer i).
Proof.
  induction l as [|l IH]; intros i Hi.
  - simpl. unfold slow, mixed. destruct (Nat.leb_spec (layer i) 0); [|ring]. specialize (layers i Hi). lia.
  - simpl. destruct (Nat.eqb_spec (layer i) (S l)) as [E|E].
    + rewrite (walk_ext _ (fun j => mixed l (layer j))) by exact IH.
      apply mixed_step; assumption.
    + rewrite IH by exact Hi. unfold mixed. f_equal.
      destruct (Nat.leb_spec (layer i) l), (Nat.leb_spec (layer i) (S l)); try lia; reflexivity.
Qed.

(* The sweep multiplies the slow vector by cos². *)
Lemma sweep_rate : forall i, (i < n)%nat -> sweep slow i = root * root * slow i.
Proof.
  intros i Hi. unfold sweep. rewrite partial_slow by exact Hi. unfold mixed, slow.
  assert ((layer i <=? depth)%nat = true) as -> by (apply Nat.leb_le; apply layers; exact Hi). ring.
Qed.

(* Nothing shrinks more slowly. *)
Lemma partial_bound : forall l u v, (forall j, (j < n)%nat -> Rabs (u j) <= v j) ->
  forall i, (i < n)%nat -> Rabs (partial l u i) <= partial l v i.
Proof.
  induction l as [|l IH]; intros u v H i Hi; simpl; [auto|].
  destruct (Nat.eqb (layer i) (S l)); [|apply IH; assumption].
  apply walk_bound; auto.
Qed.

Lemma partial_scale : forall l k u i, (i < n)%nat -> partial l (fun j => k * u j) i = k * partial l u i.
Proof.
  induction l as [|l IH]; intros k u i Hi; simpl; [reflexivity|].
  destruct (Nat.eqb (layer i) (S l)); [|apply IH; exact Hi].
  rewrite (walk_ext _ (fun j => k * partial l u j)) by (intros; apply IH; assumption).
  apply walk_scale.
Qed.

Lemma sweep_contracts : forall u k, (forall j, (j < n)%nat -> Rabs (u j) <= k * slow j) ->
  forall i, (i < n)%nat -> Rabs (sweep u i) <= k * (root * root) * slow i.
Proof.
  intros u k H i Hi. apply Rle_trans with (sweep (fun j => k * slow j) i).
  - apply partial_bound; assumption.
  - unfold sweep. rewrite partial_scale by exact Hi. fold (sweep slow i).
    rewrite sweep_rate by exact Hi. right. ring.
Qed.

Fixpoint sweeps (t : nat) (u : nat -> R) : nat -> R :=
  match t with
  | O => u
  | S t => sweep (sweeps t u)
  end.

Lemma sweeps_contract : forall u k, (forall j, (j < n)%nat -> Rabs (u j) <= k * slow j) ->
  forall t i, (i < n)%nat -> Rabs (sweeps t u i) <= k * (root * root) ^ t * slow i.
Proof.
  intros u k H. induction t as [|t IH]; intros i Hi.
  - simpl. rewrite Rmult_1_r. auto.
  - simpl sweeps. apply Rle_trans with (1 := sweep_contracts _ _ IH i Hi). simpl. right. ring.
Qed.

Lemma slow_pos : (2 <= depth)%nat -> forall i, (i < n)%nat -> 0 < slow i.
Proof.
  intros Hd i Hi. unfold slow. apply Rmult_lt_0_compat; [|apply perron_pos; exact Hi]. apply pow_lt.
  assert (Ha := angle_pos). assert (HP := PI_RGT_0). apply cos_gt_0; [lra|]. unfold angle.
  apply Rmult_lt_compat_l; [exact HP|]. apply Rinv_lt_contravar; [|replace 2 with (INR 2) by (simpl; lra); apply lt_INR; lia].
  apply Rmult_lt_0_compat; [lra|apply lt_0_INR; lia].
Qed.

(* With one hidden layer, all that is read is the ground. *)
Lemma one_layer : depth = 1%nat -> forall u i, (i < n)%nat -> sweep u i = 0.
Proof.
  intros Hd u i Hi. unfold sweep. rewrite Hd. simpl. assert (Hl := layers i Hi).
  replace (layer i) with 1%nat by lia. simpl. unfold unit_walks.walk. rewrite sum_zero; [unfold Rdiv; ring|].
  intros j Hj. assert (Hlj := layers j Hj).
  assert (E1 : cost i j = 0) by (destruct (Req_dec (cost i j) 0) as [|Hne]; [assumption|specialize (one_up i j Hi Hj Hne); lia]).
  assert (E2 : cost j i = 0) by (destruct (Req_dec (cost j i) 0) as [|Hne]; [assumption|specialize (one_up j i Hj Hi Hne); lia]).
  rewrite E1, E2. ring.
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

Theorem sweep_law :
  forall n depth cost into out_of layer,
    (forall i, (i < n)%nat -> (1 <= layer i <= depth)%nat) ->
    (forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> layer i = S (layer j)) ->
    (forall i, (i < n)%nat -> into i <> 0 -> layer i = 1%nat) ->
    (forall i, (i < n)%nat -> out_of i <> 0 -> layer i = depth) ->
    (forall i j, 0 <= cost i j /\ 0 <= into i /\ 0 <= out_of i) ->
    (forall i, (i < n)%nat -> input_cost n cost into i = output_cost n cost out_of i /\ 0 < input_cost n cost into i) ->
    let rho := cos (PI / INR (S depth)) in
    (* The slow vector, and that it is positive; with one layer a sweep leaves nothing. *)
    (forall i, (i < n)%nat -> sweep n depth cost into out_of layer (slow depth layer) i = rho * rho * slow depth layer i) /\
    ((2 <= depth)%nat -> forall i, (i < n)%nat -> 0 < slow depth layer i) /\
    (depth = 1%nat -> forall u i, (i < n)%nat -> sweep n depth cost into out_of layer u i = 0) /\
    (* Nothing shrinks more slowly. *)
    (forall u k, (forall j, (j < n)%nat -> Rabs (u j) <= k * slow depth layer j) ->
       forall t i, (i < n)%nat -> Rabs (sweeps n depth cost into out_of layer t u i) <= k * (rho * rho) ^ t * slow depth layer i).
Proof.
  intros n depth cost into out_of layer Hl Hup Hfirst Hlast Hnn Hbal rho. split; [|split; [|split]].
  - intros i Hi. apply sweep_rate; assumption.
  - intros Hd i Hi. apply slow_pos with n; assumption.
  - intros Hd u i Hi. apply one_layer; assumption.
  - intros u k H t i Hi. apply sweeps_contract; assumption.
Qed.

(* `height` is any numbering by 1, ..., L along which synapses rise: the most hidden units on a path that ends with the unit is one, with L the
   most on any path. The root is reached exactly if in some set of units that synapses join to no others all paths between
   visible units pass L units; such a set is a union of components. *)
Theorem depth_law_with_skips :
  forall n depth cost into out_of height,
    (forall i, (i < n)%nat -> (1 <= height i <= depth)%nat) ->
    (forall i j, (i < n)%nat -> (j < n)%nat -> cost i j <> 0 -> (height j < height i)%nat) ->
    (forall i j, 0 <= cost i j /\ 0 <= into i /\ 0 <= out_of i) ->
    (forall i, (i < n)%nat -> input_cost n cost into i = output_cost n cost out_of i /\ 0 < input_cost n cost into i) ->
    let eigen u a := (forall i, (i < n)%nat -> walk n cost into out_of u i = a * u i) /\ exists i, (i < n)%nat /\ u i <> 0 in
    (forall u a, eigen u a -> Rabs a <= cos (PI / INR (S depth))) /\
    ((exists u, eigen u (cos (PI / INR (S depth)))) <->
     exists C : nat -> Prop, (exists i, (i < n)%nat /\ C i) /\ closed n cost C /\
       forall l, between_visible n cost into out_of C l -> length l = depth).
Proof.
  intros n depth cost into out_of height Hh Hr Hnn Hbal eigen. split; [|split].
  - intros u a (Heigen & Hne). apply (skips_and_biases n depth cost into out_of height Hh Hr Hnn Hbal u a Heigen Hne).
  - intros (u & Heigen & Hne). exists (fun i => u i <> 0). split; [exact Hne|].
    destruct (reached_is_layered n depth cost into out_of height Hh Hr Hnn Hbal u Heigen) as (Hc & Hlay).
    split; [exact Hc|]. apply (layered_iff_paths n depth cost into out_of height Hh Hr Hbal _ Hc). exact Hlay.
  - intros (C & (i0 & Hi0 & HC0) & Hc & Hpaths).
    apply (layered_iff_paths n depth cost into out_of height Hh Hr Hbal _ Hc) in Hpaths.
    assert (exists D : nat -> bool, forall i, (i < n)%nat -> (D i = true <-> C i)) as (D & HD).
    { clear - n C. induction n as [|m (D & IH)]; [exists (fun _ => true); intros; lia|].
      destruct (Classical_Prop.classic (C m)) as [H|H].
      - exists (fun i => if Nat.eqb i m then true else D i). intros i Hi. destruct (Nat.eqb_spec i m) as [->|Hne]; [tauto|apply IH; lia].
      - exists (fun i => if Nat.eqb i m then false else D i). intros i Hi. destruct (Nat.eqb_spec i m) as [->|Hne]; [split; [discriminate|tauto]|apply IH; lia]. }
    assert (HcD : closed n cost (fun i => D i = true)).
    { intros i j Hi Hj Hne. rewrite !HD by assumption. apply Hc; assumption. }
    assert (HlD : layered n depth cost into out_of height (fun i => D i = true)).
    { destruct Hpaths as (H1 & H2 & H3). split; [|split].
      - intros i j Hi Hj Hi' Hne. apply H1; auto. apply HD; assumption.
      - intros i Hi Hi' Hne. apply H2; auto. apply HD; assumption.
      - intros i Hi Hi' Hne. apply H3; auto. apply HD; assumption. }
    eexists. split.
    + intros i Hi. apply (layered_is_reached n depth cost into out_of height Hh Hr Hbal D HcD HlD i Hi).
    + exists i0. split; [exact Hi0|]. simpl. rewrite (proj2 (HD i0 Hi0) HC0).
      apply Rgt_not_eq. apply (s_pos depth). apply Hh. exact Hi0.
Qed.

(** The walk is the derivative of balancing. *)

Import balancing_problem convexity steps existence.

(* What synapses from hidden unit j to another one, i, cost at x, and those from and to visible units; the hidden units are 0, ..., n-1. *)
Definition cost_between (P : problem) (x : nat -> R) (i j : nat) : R :=
  sum_over (terms P) (fun e => if (enters i e && (source e =? j)%nat)%bool then term_at x e else 0).
Definition cost_into (n : nat) (P : problem) (x : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if (enters i e && negb (source e <? n)%nat)%bool then term_at x e else 0).
Definition cost_out_of (n : nat) (P : problem) (x : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if (leaves i e && negb (target e <? n)%nat)%bool then term_at x e else 0).

Lemma pick : forall n s (g : nat -> R), sum n (fun j => if (s =? j)%nat then g j else 0) = if (s <? n)%nat then g s else 0.
Proof.
  induction n as [|n IH]; intros s g; [reflexivity|]. simpl sum. rewrite IH.
  destruct (Nat.ltb_spec s n), (Nat.ltb_spec s (S n)), (Nat.eqb_spec s n); try lia; subst; ring.
Qed.

(* The walk is the mean of the moves of the units that synapses join to i, weighted by the costs. *)
Lemma walk_is_the_mean : forall P n x d i,
  plain P -> hidden P = seq 0 n -> potential P d -> (i < n)%nat ->
  let cost := cost_between P x in
  let into := cost_into n P x in
  let out_of := cost_out_of n P x in
  unit_walks.input_cost n cost into i = input P x i /\
  unit_walks.output_cost n cost out_of i = output P x i /\
  walk n cost into out_of d i = step_derivative.mean_move P x d i.
Proof.
  intros P n x d i Hp Hh Hd Hi cost into out_of.
  assert (Hground : forall k, (k <? n)%nat = false -> d k = 0).
  { intros k Hk. apply Hd. rewrite Hh, in_seq. apply Nat.ltb_ge in Hk. lia. }
  assert (HI : unit_walks.input_cost n cost into i = input P x i).
  { unfold unit_walks.input_cost, into, cost, cost_into, cost_between. rewrite <- energy.sum_over_sum, <- sum_over_plus.
    apply sum_over_ext. intros e He. rewrite (proj2 (Hp e He)), Rmult_1_l.
    destruct (enters i e); simpl; [|rewrite sum_zero by reflexivity; ring].
    rewrite (pick n (source e) (fun _ => term_at x e)). destruct (source e <? n)%nat; simpl; ring. }
  assert (HO : unit_walks.output_cost n cost out_of i = output P x i).
  { unfold unit_walks.output_cost, out_of, cost, cost_out_of, cost_between. rewrite <- energy.sum_over_sum, <- sum_over_plus.
    apply sum_over_ext. intros e He. rewrite (proj1 (Hp e He)), Rmult_1_l.
    rewrite (sum_ext n _ (fun j => if (target e =? j)%nat then (if leaves i e then term_at x e else 0) else 0)).
    - rewrite (pick n (target e) (fun _ => if leaves i e then term_at x e else 0)).
      destruct (target e <? n)%nat, (leaves i e); simpl; ring.
    - intros j _. unfold enters, leaves. destruct (Nat.eqb_spec (target e) j) as [<-|Hne]; simpl; [|reflexivity].
      rewrite (Nat.eqb_sym (source e) (target e)), (Nat.eqb_sym (target e) i). destruct (Nat.eqb_spec (source e) i) as [<-|Hs]; simpl.
      + rewrite (Nat.eqb_sym (source e) (target e)). destruct (target e =? source e)%nat; reflexivity.
      + rewrite Bool.andb_false_r. reflexivity. }
  assert (Hmoves : sum n (fun j => (cost i j + cost j i) * d j) = step_derivative.moves P x d i).
  { unfold cost, cost_between, step_derivative.moves.
    rewrite (sum_ext n _ (fun j => sum_over (terms P) (fun e =>
      (if (source e =? j)%nat then (if enters i e then term_at x e * d j else 0) else 0) +
      (if (target e =? j)%nat then (if leaves i e then term_at x e * d j else 0) else 0)))).
    - rewrite <- energy.sum_over_sum. apply sum_over_ext. intros e _.
      rewrite sum_plus, (pick n (source e) (fun j => if enters i e then term_at x e * d j else 0)),
        (pick n (target e) (fun j => if leaves i e then term_at x e * d j else 0)).
      assert (Hs := Hground (source e)). assert (Ht := Hground (target e)).
      destruct (enters i e) eqn:E1, (leaves i e) eqn:E2.
      + apply enters_true in E1. apply leaves_true in E2. exfalso. tauto.
      + destruct (source e <? n)%nat, (target e <? n)%nat; try rewrite Hs by reflexivity; ring.
      + destruct (source e <? n)%nat, (target e <? n)%nat; try rewrite Ht by reflexivity; ring.
      + destruct (source e <? n)%nat, (target e <? n)%nat; ring.
    - intros j _. rewrite Rmult_plus_distr_r, !(Rmult_comm _ (d j)), <- !sum_over_scale, <- sum_over_plus. apply sum_over_ext. intros e _.
      unfold enters, leaves.
      destruct (Nat.eqb_spec (source e) j) as [Es|Es], (Nat.eqb_spec (target e) j) as [Et|Et], (Nat.eqb_spec (source e) i) as [Fs|Fs],
        (Nat.eqb_spec (target e) i) as [Ft|Ft]; simpl; try ring; exfalso; congruence. }
  split; [exact HI|]. split; [exact HO|].
  unfold unit_walks.walk, step_derivative.mean_move. rewrite Hmoves, HI, HO. reflexivity.
Qed.

(* A step at i moves the logarithm of i's multiplier by the walk of the other units' moves d: first order in t, at a balanced point x. *)
Theorem walk_is_the_derivative : forall P n x d i,
  plain P -> well_formed P -> hidden P = seq 0 n -> potential P d -> (i < n)%nat ->
  0 < input P x i -> input P x i = output P x i ->
  let cost := cost_between P x in
  let into := cost_into n P x in
  let out_of := cost_out_of n P x in
  unit_walks.input_cost n cost into i = input P x i /\
  unit_walks.output_cost n cost out_of i = output P x i /\
  derivable_pt_lim (fun t => log_of (balanced_at P i (exp_of (added x t d))) i) 0 (walk n cost into out_of d i).
Proof.
  intros P n x d i Hp Hwf Hh Hd Hi HA Hbal cost into out_of.
  destruct (walk_is_the_mean P n x d i Hp Hh Hd Hi) as (HI & HO & HW). split; [exact HI|]. split; [exact HO|].
  unfold cost, into, out_of. rewrite HW.
  assert (E : forall k, added x 0 d k = x k) by (intros k; unfold added; ring).
  assert (HX : step_derivative.moves_with (fun t => added x t d) d).
  { intros k. unfold added.
    assert (L1 := derivable_pt_lim_plus _ _ _ _ _ (derivable_pt_lim_scal (fun t => t) (d k) 0 1 (derivable_pt_lim_id 0)) (derivable_pt_lim_const (x k) 0)).
    replace (d k * 1 + 0) with (d k) in L1 by ring. refine (step_derivative.derivative_ext _ (fun t => x k + t * d k) _ _ _ L1).
    intros t. unfold plus_fct, mult_real_fct, fct_cte. ring. }
  destruct (step_derivative.step_along P (fun t => added x t d) d i Hp Hwf) as (_ & HY).
  - rewrite (input_ext P _ x) by exact E. exact HA.
  - rewrite (input_ext P _ x), (output_ext P _ x) by exact E. exact Hbal.
  - exact HX.
  - specialize (HY i). unfold step_derivative.settled_move in HY. rewrite Nat.eqb_refl, (step_derivative.mean_move_ext P _ x d i E) in HY. exact HY.
Qed.

(** Sweeps *)

Lemma swept_move_other : forall P x units u k, ~ In k units -> step_derivative.swept_move P x units u k = u k.
Proof.
  intros P x units. induction units as [|i units IH]; intros u k Hk; [reflexivity|]. simpl. rewrite IH by (intros H; apply Hk; right; exact H).
  unfold step_derivative.settled_move. destruct (Nat.eqb_spec k i) as [->|]; [exfalso; apply Hk; left; reflexivity|reflexivity].
Qed.

(* Units of one layer do not read each other. *)
Lemma swept_layer : forall P n x, plain P -> hidden P = seq 0 n ->
  forall units u,
    (forall i j, In i units -> In j units -> i <> j -> cost_between P x i j = 0) -> NoDup units -> (forall i, In i units -> (i < n)%nat) ->
    potential P u ->
    forall k, step_derivative.swept_move P x units u k =
      if in_dec Nat.eq_dec k units then walk n (cost_between P x) (cost_into n P x) (cost_out_of n P x) u k else u k.
Proof.
  intros P n x Hp Hh units. induction units as [|i units IH]; intros u Hapart Hn Hlt Hu k; [reflexivity|].
  inversion Hn as [|? ? Hi Hn']; subst.
  assert (Hu' : potential P (step_derivative.settled_move P x u i)).
  { intros j Hj. unfold step_derivative.settled_move. destruct (Nat.eqb_spec j i) as [->|]; [|apply Hu; exact Hj].
    exfalso. apply Hj. rewrite Hh. apply in_seq. specialize (Hlt i (or_introl eq_refl)). lia. }
  unfold step_derivative.swept_move in *. cbn [fold_left].
  rewrite IH; [|intros a b Ha Hb; apply Hapart; right; assumption|exact Hn'|intros a Ha; apply Hlt; right; exact Ha|exact Hu'].
  destruct (in_dec Nat.eq_dec k units) as [Hk|Hk], (in_dec Nat.eq_dec k (i :: units)) as [Hk'|Hk'].
  - unfold unit_walks.walk, Rdiv. apply Rmult_eq_compat_r. apply sum_ext. intros j _. unfold step_derivative.settled_move.
    destruct (Nat.eqb_spec j i) as [->|]; [|reflexivity].
    assert (Hne : k <> i) by (intros ->; contradiction).
    rewrite (Hapart k i (or_intror Hk) (or_introl eq_refl) Hne), (Hapart i k (or_introl eq_refl) (or_intror Hk) (not_eq_sym Hne)). ring.
  - exfalso. apply Hk'. right. exact Hk.
  - destruct Hk' as [->|Hk']; [|contradiction]. unfold step_derivative.settled_move. rewrite Nat.eqb_refl. symmetry.
    apply (walk_is_the_mean P n x u k Hp Hh Hu). apply Hlt. left. reflexivity.
  - unfold step_derivative.settled_move. destruct (Nat.eqb_spec k i) as [->|]; [exfalso; apply Hk'; left; reflexivity|reflexivity].
Qed.

Definition layer_by_layer (n depth : nat) (layer : nat -> nat) : list nat :=
  flat_map (fun l => filter (fun i => (layer i =? l)%nat) (seq 0 n)) (seq 1 depth).

(* A sweep of the algorithm, layer by layer, in logarithms, from points X t that begin with a balanced one: its derivative is the sweep of the
   walk. With sweep_law: near the balanced point sweeps contract by cos². *)
Theorem sweeps_of_balancing : forall P n depth layer X d,
  plain P -> well_formed P -> hidden P = seq 0 n -> potential P d ->
  let x := X 0 in
  (forall i, (i < n)%nat -> 0 < input P x i /\ input P x i = output P x i) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> cost_between P x i j <> 0 -> layer i = S (layer j)) ->
  step_derivative.moves_with X d ->
  forall i, (i < n)%nat ->
    derivable_pt_lim (fun t => step_derivative.swept P (layer_by_layer n depth layer) (X t) i) 0
      (sweep n depth (cost_between P x) (cost_into n P x) (cost_out_of n P x) layer d i).
Proof.
  intros P n depth layer X d Hp Hwf Hh Hd x Hbal Hup HX.
  assert (Hin : forall i, In i (layer_by_layer n depth layer) -> (i < n)%nat).
  { intros i Hi. apply in_flat_map in Hi. destruct Hi as (l & _ & Hi). apply filter_In in Hi. destruct Hi as (Hi & _). apply in_seq in Hi. lia. }
  assert (Hmove : forall m, let A := flat_map (fun l => filter (fun i => (layer i =? l)%nat) (seq 0 n)) (seq 1 m) in
    (forall k, ~ In k (seq 0 n) -> step_derivative.swept_move P x A d k = d k) /\
    forall k, (k < n)%nat -> step_derivative.swept_move P x A d k =
      partial n (cost_between P x) (cost_into n P x) (cost_out_of n P x) layer m d k).
  { induction m as [|m (IHout & IH)]; intros A; [split; reflexivity|].
    set (A' := flat_map (fun l => filter (fun i => (layer i =? l)%nat) (seq 0 n)) (seq 1 m)) in *.
    set (B := filter (fun i => (layer i =? S m)%nat) (seq 0 n)).
    assert (EA : A = A' ++ B) by (unfold A; rewrite seq_S, flat_map_app; simpl; rewrite app_nil_r; reflexivity).
    assert (Hu : potential P (step_derivative.swept_move P x A' d)).
    { intros k Hk. rewrite Hh in Hk. rewrite IHout by exact Hk. apply Hd. rewrite Hh. exact Hk. }
    assert (HB : forall k, step_derivative.swept_move P x A d k =
      if in_dec Nat.eq_dec k B then walk n (cost_between P x) (cost_into n P x) (cost_out_of n P x) (step_derivative.swept_move P x A' d) k
      else step_derivative.swept_move P x A' d k).
    { intros k. rewrite EA. unfold step_derivative.swept_move at 1. rewrite fold_left_app. fold (step_derivative.swept_move P x A' d).
      apply (swept_layer P n x Hp Hh B).
      - intros i j Hi Hj _. apply filter_In in Hi, Hj. destruct Hi as (Hi & Li), Hj as (Hj & Lj). apply in_seq in Hi, Hj. apply Nat.eqb_eq in Li, Lj.
        destruct (Req_dec (cost_between P x i j) 0) as [|Hne]; [assumption|]. specialize (Hup i j ltac:(lia) ltac:(lia) Hne). lia.
      - apply NoDup_filter, seq_NoDup.
      - intros i Hi. apply filter_In in Hi. destruct Hi as (Hi & _). apply in_seq in Hi. lia.
      - exact Hu. }
    split; intros k Hk; rewrite HB; destruct (in_dec Nat.eq_dec k B) as [Hb|Hb].
    - exfalso. apply filter_In in Hb. apply Hk. apply Hb.
    - apply IHout. exact Hk.
    - apply filter_In in Hb. destruct Hb as (_ & Hb). simpl. rewrite Hb. apply walk_ext. exact IH.
    - rewrite (IH k Hk). simpl. destruct (Nat.eqb_spec (layer k) (S m)) as [E|E]; [|reflexivity].
      exfalso. apply Hb. apply filter_In. split; [apply in_seq; lia|apply Nat.eqb_eq; exact E]. }
  intros i Hi. unfold sweep. rewrite <- (proj2 (Hmove depth) i Hi).
  apply (step_derivative.sweep_along P (layer_by_layer n depth layer) X d Hp Hwf); [|exact HX].
  intros j Hj. apply Hbal. apply Hin. exact Hj.
Qed.
